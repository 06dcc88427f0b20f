/* Which fields of a kind's objects a snapshot keeps.
 *
 * "metadata{name,labels},spec{containers{name,image}}": of an object the members named, of these the members named in
 * braces, else all of them; lists are passed through. */
#pragma once

#include "base/json.h"
#include "sonobuoy/check/snapshot.h"

typedef struct {
    const char *group, *name; /* plural */
    const char *version;      /* NULL: the preferred one */
    const char *fields;
    const char *field_selector; /* NULL: all of the kind */
    bool metadata_only;         /* the server is asked for no more: metadata{...} and nothing else */
} SnapshotSource;
extern const SnapshotSource snapshot_sources[SNAPSHOT_KINDS];

typedef struct Fields Fields;
Fields *fields_parse(const char *text);
void fields_free(Fields *fields);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fields, fields_free)
/* A copy of the value in doc, with these fields. */
yyjson_mut_val *fields_copy(const Fields *fields, yyjson_val *value, yyjson_mut_doc *doc);
