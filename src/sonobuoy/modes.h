/* Which of Kubernetes' end-to-end tests a run takes: named pairs of expressions for ginkgo's focus and skip.
 * Source: sonobuoy.io/docs/main/e2eplugin, `sonobuoy modes` of stock Sonobuoy 0.57. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
    const char *name, *description;
    const char *focus, *skip;      /* E2E_FOCUS, E2E_SKIP; skip "": none */
    const char *const *skip_names; /* names of tests that are left out, too; NULL: none; ended by NULL */
    bool parallel;                 /* E2E_PARALLEL */
} Mode;

/* Sorted by name, ended by a name of NULL. */
extern const Mode modes[];
#define MODE_DEFAULT "non-disruptive-conformance"

/* NULL where there is none of that name. */
const Mode *mode_find(const char *name);
/* All of E2E_SKIP: the expression, and the names as expressions. g_free() it. */
char *mode_skip(const Mode *mode);
