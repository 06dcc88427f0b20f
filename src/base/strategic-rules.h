/* How strategic merge patches treat the fields of built-in kinds. Internal to base. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum {
    STRATEGIC_ATOMIC, /* the patch's list takes the place of the old one */
    STRATEGIC_BY_KEY, /* objects, merged where their key is equal */
    STRATEGIC_SET,    /* scalars, united */
} StrategicList;

/* `parent`: the name of the member, or list, that the field's object is in; NULL at the root. */
StrategicList strategic_list(const char *kind, const char *parent, const char *field, const char **out_key);

/* Whether an object is replaced as a whole instead of merged. */
bool strategic_replaces_object(const char *kind, const char *parent, const char *field);

/* Whether an apiVersion belongs to kinds that the API server has types for. */
bool strategic_is_built_in(const char *api_version);
