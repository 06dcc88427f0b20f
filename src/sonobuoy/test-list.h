/* Names of Kubernetes' end-to-end tests: read, chosen, and their tags. A tag is what stands in brackets, "[sig-node]".
 * Source: `e2e.test --list-tests` of Kubernetes 1.34, `sonobuoy e2e` of stock Sonobuoy 0.57. */
#pragma once

#include "base/json.h"

/* Names, one a line; or, where the text has its head line, what `e2e.test --list-tests` prints ("PATH:LINE: NAME").
 * Elements are char *, in their order; empty lines are none, bytes that are no UTF-8 become U+FFFD. */
GPtrArray *test_list_parse(const char *text, size_t length);

/* The tests of a tree of results (results.h): its leaves, but for files and what the aggregator found. */
GPtrArray *test_list_of_results(yyjson_mut_val *root);

/* Takes away what `focus` does not match and what `skip` does, as Go's regular expressions (go-regex.h); NULL or ""
 * leaves all. INVALID. */
bool test_list_choose(GPtrArray *names, const char *focus, const char *skip, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct {
    char *tag;
    guint count; /* how often it stands in the names */
} TestTag;
/* Sorted. Elements are TestTag. */
GPtrArray *test_list_tags(const GPtrArray *names);
