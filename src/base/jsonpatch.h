/* JSON Patch (RFC 6902), JSON Merge Patch (RFC 7386), and Kubernetes' strategic
 * merge patch for built-in kinds (its directives: $patch replace|delete|merge,
 * $deleteFromPrimitiveList/<f>, $setElementOrder/<f>, $retainKeys). */
#pragma once

#include "base/json.h"

/* Applies the operations of an array to the document's root, in place; all or
 * nothing. CONFLICT when a `test` operation fails, NOT_FOUND when a path is
 * missing, INVALID when the patch itself is wrong, LIMIT when it would grow the
 * document without reason. Values are copied. */
bool json_patch_apply(yyjson_mut_doc *doc, yyjson_val *operations, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Merges into the document's root, in place. Never fails. */
void json_merge_patch_apply(yyjson_mut_doc *doc, yyjson_val *patch);

/* The merge patch that turns `from` into `to` (objects), as a value of `doc`;
 * NULL when they are equal. Members that are null count as absent: a merge patch
 * cannot say otherwise. */
yyjson_mut_val *json_merge_patch_make(yyjson_mut_doc *doc, yyjson_mut_val *from, yyjson_mut_val *to);

/* Semantics of the API server's, but that "$patch: replace" of what is not there
 * sets it. apiVersion and kind come from the document; all or nothing. UNSUPPORTED
 * for kinds whose merge keys are not known (custom resources), INVALID for a
 * malformed directive or an item without its merge key. */
bool json_strategic_patch_apply(yyjson_mut_doc *doc, yyjson_val *patch, GError **error) G_GNUC_WARN_UNUSED_RESULT;
