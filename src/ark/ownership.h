/* Who owns the fields of a restored object: its managedFields, given back after a create.
 * Source: Kubernetes' server-side apply, "Field management". */
#pragma once

#include "kube/object.h"

typedef struct {
    yyjson_mut_val *entries; /* of the document they were taken from; NULL: none to give back */
    const char *manager;     /* to create the object as: may give them back by itself; or NULL */
} ArkOwnership;

/* Takes metadata.managedFields out of an object. What remains to be given back when `keep`
 * is set: all but the status' entries (unless with_status) and the owners, which a restore drops. */
ArkOwnership ark_ownership_take(yyjson_mut_doc *doc, bool keep, bool with_status);

/* Gives them back, where the API server's answer to the create does not show them already. */
bool ark_ownership_put_back(const ArkOwnership *ownership, KubeClient *client, const KubeResource *resource,
                            const char *namespace_, const char *name, yyjson_doc *created, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
