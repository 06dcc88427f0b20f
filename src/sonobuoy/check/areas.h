/* The checks' functions, a file an area; what they mean stands in table.c. */
#pragma once

#include "sonobuoy/check/check.h"

#define CHECK_FUNCTION(name) void name(Snapshot *snapshot, CheckResult *result)

/* api.c */
CHECK_FUNCTION(check_api_answers);
CHECK_FUNCTION(check_api_ready);
CHECK_FUNCTION(check_api_alive);

/* nodes.c */
CHECK_FUNCTION(check_nodes_ready);
CHECK_FUNCTION(check_nodes_pressure);
CHECK_FUNCTION(check_nodes_cordoned);

/* storage.c */
CHECK_FUNCTION(check_storage_default_class);

/* common.c: what several areas ask */

/* The condition of that type, of status.conditions; NULL. */
yyjson_val *condition_of(yyjson_val *object, const char *type);
const char *condition_status(yyjson_val *object, const char *type); /* "True", "False", "Unknown"; NULL */
/* "reason: message" of a condition, what there is of it. g_free() it. */
char *condition_text(yyjson_val *condition);
/* Minutes since a time of RFC 3339; -1 where there is none. */
gint64 minutes_since(const Snapshot *snapshot, const char *time);
const char *name_of(yyjson_val *object);      /* "" where there is none */
const char *namespace_of(yyjson_val *object); /* NULL */
