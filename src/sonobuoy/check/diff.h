/* Two reports of checks (check_report_json()) compared: what broke, what healed, what is new. */
#pragma once

#include "base/json.h"

typedef enum { CHECK_BROKE, CHECK_HEALED, CHECK_NEW, CHECK_GONE, CHECK_BLIND, CHECK_CHANGES } CheckChange;

typedef struct {
    char *id, *title, *object;  /* object: "" for the cluster */
    const char *before, *after; /* outcomes; NULL: the check was not run */
    char *evidence;             /* of the newer one where there is one */
} CheckDifference;

typedef struct {
    GPtrArray *changes[CHECK_CHANGES]; /* CheckDifference, by check and object */
    guint same;                        /* findings that are in both */
} CheckComparison;

/* Whether a document is such a report. */
bool check_report_is(yyjson_val *root);
CheckComparison *check_comparison_new(yyjson_val *before, yyjson_val *after);
void check_comparison_free(CheckComparison *comparison);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CheckComparison, check_comparison_free)
