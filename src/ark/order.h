/* In which order kinds are restored: Velero's priorities. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* The kind of definitions of kinds. */
#define ARK_CRDS "customresourcedefinitions.apiextensions.k8s.io"

/* Never restored, whatever the filters say. */
bool ark_order_is_never_restored(const char *group_resource);

/* Sorts group resources (char *) in place: high priorities first, then all others
 * by name, low priorities last. `priorities`: a list as Velero's
 * --restore-resource-priorities ("-" stands between high and low), or NULL. */
void ark_order_sort(GPtrArray *group_resources, const char *const *priorities);
