/* sonobuoy submit: a submission to the CNCF's conformance programme. */
#include "sonobuoy/submit.h"

#include "base/file.h"
#include "base/program.h"
#include "base/text.h"
#include "sonobuoy/cli/commands.h"
#include "sonobuoy/cli/limit-options.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX_BYTES = 16 << 20, FIELDS = 10 };

typedef struct {
    Limits limits;
    char *product, *readme, *tests, *output, *folder;
    bool dry_run, force;
    char *fields[FIELDS]; /* as product_fields */
} Options;

/* --- the product --------------------------------------------------------------------------------------- */

static yyjson_mut_doc *read_product(const char *path, GError **error) {
    if (!path)
        return product_parse("", 0, "PRODUCT.yaml", error);
    size_t length;
    g_autofree char *text = file_read(path, FILE_MAX_BYTES, &length, error);
    return text ? product_parse(text, length, path, error) : NULL;
}

/* One line of a person's; NULL at the end of the input, "" for none. */
static char *ask(const ProductField *field) {
    char *line = NULL;
    size_t size = 0;
    fprintf(stderr, "%s (%s): ", field->name, field->meaning);
    if (getline(&line, &size, stdin) < 0) {
        free(line);
        return NULL;
    }
    char *answer = g_strdup(g_strstrip(line));
    free(line);
    return answer;
}

/* What the command line says wins over the file; what is required and neither says is asked of a person. */
static void complete_product(const Options *options, yyjson_mut_doc *doc) {
    yyjson_mut_val *product = yyjson_mut_doc_get_root(doc);
    bool person = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
    for (size_t i = 0; i < FIELDS; i++) {
        const ProductField *field = &product_fields[i];
        if (options->fields[i])
            json_mut_set_string(doc, product, field->name, options->fields[i]);
        if (!person || !field->required || json_mut_get(product, field->name))
            continue;
        g_autofree char *answer = ask(field);
        person = answer;
        if (answer && *answer)
            json_mut_set_string(doc, product, field->name, answer);
    }
}

/* --- the command ------------------------------------------------------------------------------------------ */

static GPtrArray *read_tests(const char *path, GError **error) {
    size_t length;
    g_autofree char *text = file_read(path, FILE_MAX_BYTES, &length, error);
    return text ? submission_tests_parse(text, length, path, error) : NULL;
}

static bool check(const Options *options, RunArchive *archive, yyjson_mut_val *product, Submission *out,
                  GError **error) {
    g_autoptr(GPtrArray) wanted = options->tests ? read_tests(options->tests, error) : NULL;
    if ((options->tests && !wanted) || !submission_check_run(out, archive, wanted, error))
        return false;
    submission_check_product(out, product);
    for (guint i = 0; i < out->remarks->len; i++)
        text_print(stderr, "look: %s\n", (const char *)out->remarks->pdata[i]);
    for (guint i = 0; i < out->refusals->len; i++)
        text_print(stderr, "refused: %s\n", (const char *)out->refusals->pdata[i]);
    return true;
}

static char *write_folder(const Options *options, const Submission *submission, RunArchive *archive,
                          yyjson_mut_val *product, GError **error) {
    g_autofree char *folder = options->folder ? g_strdup(options->folder) : product_folder(product);
    g_autofree char *readme = options->readme ? file_read(options->readme, FILE_MAX_BYTES, NULL, error)
                                              : submission_readme(submission, product);
    SubmissionPlace place = {.output = options->output, .product = folder, .readme = readme};
    return readme ? submission_write(submission, archive, product, &place, error) : NULL;
}

static void say_next(const Submission *submission, const char *path) {
    const char *release = strrchr(path, '/') - strlen(submission->release);
    text_print(
        stderr,
        "%u conformance tests passed on %s. Next: read README.md, look whether the links of PRODUCT.yaml lead to "
        "pages, and open a pull request of one commit with this folder at github.com/cncf/k8s-conformance, "
        "titled \"Conformance results for %s\".\n",
        submission->passed, submission->cluster_version, release);
}

static int submit(const Options *options, const char *path, GError **error) {
    g_auto(Submission) submission;
    submission_init(&submission);
    g_autoptr(RunArchive) archive = run_archive_open(path, &options->limits, error);
    g_autoptr(yyjson_mut_doc) doc = archive ? read_product(options->product, error) : NULL;
    if (!doc)
        return EXIT_FAILED;
    complete_product(options, doc);
    yyjson_mut_val *product = yyjson_mut_doc_get_root(doc);
    if (!check(options, archive, product, &submission, error))
        return EXIT_FAILED;
    bool refused = submission.refusals->len > 0;
    if (refused && !options->force)
        fprintf(stderr, "sonobuoy: nothing is written, as a reviewer would refuse it\n");
    if (options->dry_run || (refused && !options->force))
        return refused ? EXIT_FAILED : EXIT_DONE;
    g_autofree char *folder = write_folder(options, &submission, archive, product, error);
    if (!folder)
        return EXIT_FAILED;
    text_print(stdout, "%s\n", folder);
    if (!refused)
        say_next(&submission, folder);
    return refused ? EXIT_PARTLY : EXIT_DONE;
}

static int run_submit(const CommandCall *call, void *data) {
    GError *error = NULL;
    int code = submit(data, call->arguments[0], &error);
    return program_end(code, error);
}

#define AT(field) .offset = offsetof(Options, field)
#define PRODUCT_FIELD(index, name_, value_, help_) \
    { .name = (name_), .kind = OPTION_STRING, AT(fields[index]), .value = (value_), .help = (help_) }
static const Option own_options[] = {
    {.name = "product",
     .kind = OPTION_STRING,
     AT(product),
     .value = "FILE",
     .complete = "file",
     .help = "PRODUCT.yaml: what is to be said of the product."},
    PRODUCT_FIELD(0, "vendor", "TEXT", "The legal entity that certifies."),
    PRODUCT_FIELD(1, "name", "TEXT", "The product's name."),
    PRODUCT_FIELD(2, "product-version", "TEXT", "Its version, not that of Kubernetes."),
    PRODUCT_FIELD(3, "type", "TYPE", "distribution, hosted platform or installer."),
    PRODUCT_FIELD(4, "description", "TEXT", "The product in one sentence."),
    PRODUCT_FIELD(5, "website-url", "URL", "A page about it."),
    PRODUCT_FIELD(6, "documentation-url", "URL", "A page of its documentation."),
    PRODUCT_FIELD(7, "contact-email-address", "ADDRESS", "Whom reviewers write to."),
    PRODUCT_FIELD(8, "repo-url", "URL", "The repository of its sources; may be left out."),
    PRODUCT_FIELD(9, "product-logo-url", "URL", "Its logo: SVG, AI or EPS; may be left out."),
    {.name = "readme",
     .kind = OPTION_STRING,
     AT(readme),
     .value = "FILE",
     .complete = "file",
     .help = "README.md: how to have the same results. Without it one is written."},
    {.name = "tests",
     .kind = OPTION_STRING,
     AT(tests),
     .value = "FILE",
     .complete = "file",
     .help = "The release's tests: Kubernetes' test/conformance/testdata/conformance.yaml, or names, one a line."},
    {.name = "output",
     .letter = 'o',
     .kind = OPTION_STRING,
     AT(output),
     .value = "FOLDER",
     .complete = "dir",
     .fallback = ".",
     .help = "Where the release's folder is or comes to be: the root of a clone of k8s-conformance."},
    {.name = "folder",
     .kind = OPTION_STRING,
     AT(folder),
     .value = "NAME",
     .help = "The name of the product's folder; without it made from the product's."},
    {.name = "dry-run", .kind = OPTION_FLAG, AT(dry_run), .help = "Look only, and write nothing."},
    {.name = "force", .kind = OPTION_FLAG, AT(force), .help = "Write it, though it would be refused."},
    {0},
};
static const Option *const tables[] = {own_options, limit_options, NULL};
const Command submit_command = {
    .name = "submit",
    .arguments = "ARCHIVE|FOLDER|-",
    .arguments_min = 1,
    .arguments_max = 1,
    .summary = "Write a run's results for the CNCF's certification.",
    .description = "Writes the folder vX.Y/PRODUCT with PRODUCT.yaml, README.md, e2e.log and junit_01.xml, out of the "
                   "archive of a run of --mode certified-conformance. Before that it looks for what reviewers refuse: "
                   "tests that failed, were left out or are missing, a run in parallel or of another mode, versions "
                   "that do not match, fields of PRODUCT.yaml that are missing or wrong. On a terminal it asks for "
                   "fields that it is not given.",
    .examples = "sonobuoy submit run.tar.gz --product PRODUCT.yaml --tests conformance.yaml --dry-run\n"
                "sonobuoy submit run.tar.gz --product PRODUCT.yaml -o ~/k8s-conformance\n"
                "sonobuoy submit run.tar.gz --product PRODUCT.yaml --product-version v2.0 --folder harbour",
    .exit_codes = "0   the folder is written; with --dry-run: nothing was found that would be refused\n"
                  "1   it would be refused, and nothing is written; or the archive cannot be read\n"
                  "2   wrong use\n"
                  "3   it would be refused, and is written (--force)",
    .options = tables,
    .options_size = sizeof(Options),
    .run = run_submit,
    .complete = "file",
};
