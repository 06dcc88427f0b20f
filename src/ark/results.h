/* Errors and warnings of a run, by where they belong, in Velero's results form:
 * {"errors": R, "warnings": R}, R = {"velero": [], "cluster": [], "namespaces": {ns: []}}. */
#pragma once

#include "base/json.h"

typedef struct ArkResults ArkResults;

ArkResults *ark_results_new(void);
void ark_results_free(ArkResults *results);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ArkResults, ark_results_free)

/* Thread-safe. where: a namespace, "" for cluster-scoped objects, NULL for the
 * program itself. The same text in the same place is kept once. */
void ark_results_error(ArkResults *results, const char *where, const char *format, ...) G_GNUC_PRINTF(3, 4);
void ark_results_warning(ArkResults *results, const char *where, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Errors alike (of one place and key) are one text, the first one's, with how many more there are; each
 * counts. A kind that may not be created is told of once, not once an object. */
void ark_results_error_alike(ArkResults *results, const char *where, const char *key, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

guint ark_results_errors(ArkResults *results);
guint ark_results_warnings(ArkResults *results);

/* The JSON text. g_free() it. */
char *ark_results_json(ArkResults *results, size_t *length);

/* Calls func for each text, errors first; where as above. */
typedef void (*ArkResultFunc)(bool is_error, const char *where, const char *text, void *data);
void ark_results_each(ArkResults *results, ArkResultFunc func, void *data);
