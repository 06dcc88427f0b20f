/* A submission to the CNCF's conformance programme, out of the archive of a run.
 *
 *   v1.34/PRODUCT/PRODUCT.yaml   what the product is
 *   v1.34/PRODUCT/README.md      how to have the same results
 *   v1.34/PRODUCT/e2e.log, junit_01.xml   those of the run, byte for byte
 *
 * Before it is written, the run and the product are held against what reviewers, and the program that checks pull
 * requests, refuse. Sources: github.com/cncf/k8s-conformance (instructions.md), the scenarios of
 * sigs.k8s.io/verify-conformance, test/conformance/image/go-runner of Kubernetes 1.34. */
#pragma once

#include "sonobuoy/archive.h"

/* --- what was found ---------------------------------------------------------------------------------- */

typedef struct {
    GPtrArray *refusals; /* char *: for what it would be refused; a line, or more that are indented */
    GPtrArray *remarks;  /* char *: what a person should look at */
    char *release;       /* of the cluster, "v1.34"; NULL: it is not known */
    char *cluster_version, *test_version, *sonobuoy_version, *image; /* each may be NULL */
    guint passed;                                                    /* conformance tests */
} Submission;

void submission_init(Submission *submission);
void submission_clear(Submission *submission);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Submission, submission_clear)

/* --- the run ------------------------------------------------------------------------------------------- */

/* Which tests a release wants: names, one a line, or Kubernetes' conformance.yaml, whose `codename`s they are. Elements
 * are char *. INVALID where there is none. */
GPtrArray *submission_tests_parse(const char *text, size_t length, const char *what, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* How the tests were chosen, which of them passed, and of what version they and the cluster are. `wanted` may be NULL:
 * then the tests that must have passed are those of junit_01.xml, which lists those that were skipped, too. Refusals
 * are no error; NOT_FOUND where the archive has no results of the plugin e2e. */
bool submission_check_run(Submission *submission, RunArchive *archive, const GPtrArray *wanted, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* --- the product ----------------------------------------------------------------------------------------- */

typedef struct {
    const char *name; /* of the member in PRODUCT.yaml */
    bool required;
    const char *meaning; /* for the person who is asked */
} ProductField;
/* Ended by a name of NULL. */
extern const ProductField product_fields[];

/* PRODUCT.yaml as an object of texts, in the order above, with members of its own behind. What YAML reads as a number
 * (version: 1.7) is a text here. INVALID where it is no object of scalars. */
yyjson_mut_doc *product_parse(const char *text, size_t length, const char *what, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void submission_check_product(Submission *submission, yyjson_mut_val *product);
/* A folder's name: the product's in small letters and digits, "-" for all else. NULL where nothing is left. g_free()
 * it.
 */
char *product_folder(yyjson_mut_val *product);

/* --- the folder ------------------------------------------------------------------------------------------- */

/* README.md for those who give none. g_free() it. */
char *submission_readme(const Submission *submission, yyjson_mut_val *product);

typedef struct {
    const char *output;  /* the folder that the release's is in, or comes to be */
    const char *product; /* the name of the product's folder */
    const char *readme;
} SubmissionPlace;
/* Makes the folder whole or not at all, and returns its path (g_free() it). EXISTS where it is there already; USAGE for
 * a name that is none, or where the release is not known. */
char *submission_write(const Submission *submission, RunArchive *archive, yyjson_mut_val *product,
                       const SubmissionPlace *place, GError **error) G_GNUC_WARN_UNUSED_RESULT;
