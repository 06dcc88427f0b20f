/* The places where two JSON values differ. */
#pragma once

#include "base/json.h"

/* One difference. `path` is as people write it: spec.containers[0].image, spec.ports[name=web].port,
 * metadata.labels["app.kubernetes.io/name"]; "" for the values themselves. before or after is NULL where
 * nothing is there. */
typedef void (*JsonDiffFunc)(const char *path, yyjson_mut_val *before, yyjson_mut_val *after, void *data);

/* Calls func for each, in the order of `before`, then what is new. Equal is what json_mut_equal() says:
 * the order of members does not count, that of elements does. Elements that are objects with a name of
 * their own are compared by that name, others by place; where only the order differs the lists are
 * one difference. Either may be NULL. */
void json_diff(yyjson_mut_val *before, yyjson_mut_val *after, JsonDiffFunc func, void *data);
