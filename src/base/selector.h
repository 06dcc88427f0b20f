/* Label selectors: the full grammar of Kubernetes.
 * Source: kubernetes.io/docs/concepts/overview/working-with-objects/labels. */
#pragma once

#include "base/json.h"

typedef struct Selector Selector;

/* "a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1,m<2"; empty text selects everything.
 * INVALID names the part that is wrong. */
Selector *selector_parse(const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A LabelSelector object: matchLabels and matchExpressions; NULL, null and {} select everything. */
Selector *selector_from_json(yyjson_val *label_selector, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The LabelSelector object, made in `doc`; UNSUPPORTED for > and <, which it cannot say. */
yyjson_mut_val *selector_to_json(const Selector *selector, yyjson_mut_doc *doc, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The query form, requirements sorted by key as Kubernetes prints them. */
char *selector_to_string(const Selector *selector);

bool selector_is_empty(const Selector *selector);

/* labels: a JSON object of strings, or NULL. */
bool selector_matches(const Selector *selector, yyjson_val *labels);

void selector_free(Selector *selector);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Selector, selector_free)
