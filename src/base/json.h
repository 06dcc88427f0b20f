/* JSON on yyjson, with numbers kept as their text so that nothing is rounded.
 *
 * Documents are read with YYJSON_READ_NUMBER_AS_RAW: a number is a raw value
 * whose text json_*int*() parse at need and the writer puts back byte for byte.
 * Sources: RFC 8259; limits: depth JSON_DEPTH_MAX. Use yyjson's own functions
 * for everything that is not here. */
#pragma once

#include "base/error.h"

#include <yyjson.h>

#define JSON_DEPTH_MAX 1000

/* yyjson's documents under g_autoptr. */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(yyjson_doc, yyjson_doc_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(yyjson_mut_doc, yyjson_mut_doc_free)

/* Parses one whole document. INVALID with line and reason; LIMIT when nested
 * deeper than JSON_DEPTH_MAX. `what` names the text in errors ("answer of GET /api"). */
yyjson_doc *json_parse(const char *data, size_t length, const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same without a copy: `data` is written to, must have JSON_PADDING bytes more behind `length`,
 * and must live as long as the document. */
#define JSON_PADDING YYJSON_PADDING_SIZE
yyjson_doc *json_parse_in_place(char *data, size_t length, const char *what, GError **error) G_GNUC_WARN_UNUSED_RESULT;
yyjson_mut_doc *json_parse_mut(const char *data, size_t length, const char *what, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Compact text, NUL-terminated, g_free() it. `length` may be NULL. Bytes that are
 * no UTF-8 become U+FFFD, as Go's encoder has it. */
char *json_write(yyjson_val *value, size_t *length);
char *json_mut_write(yyjson_mut_val *value, size_t *length);
/* Indented by two spaces, ending in a newline. */
char *json_write_pretty(yyjson_val *value, size_t *length);
char *json_mut_write_pretty(yyjson_mut_val *value, size_t *length);

/* Walks object members: json_get(obj, "metadata", "name"); NULL where missing. */
yyjson_val *json_get_path(yyjson_val *value, const char *first, ...) G_GNUC_NULL_TERMINATED;
yyjson_mut_val *json_mut_get_path(yyjson_mut_val *value, const char *first, ...) G_GNUC_NULL_TERMINATED;
#define json_get(value, ...) json_get_path((value), __VA_ARGS__, NULL)
#define json_mut_get(value, ...) json_mut_get_path((value), __VA_ARGS__, NULL)

/* For each member of an object; none where it is NULL or no object (yyjson_obj_foreach() of
 * 0.10 computes an address from NULL there). */
#define json_foreach_member(object, key, value)                      \
    for (yyjson_obj_iter member_iter = yyjson_obj_iter_with(object); \
         ((key) = yyjson_obj_iter_next(&member_iter)) && ((value) = yyjson_obj_iter_get_val(key));)

/* The string there, or NULL when missing or of another type. */
#define json_get_string(value, ...) yyjson_get_str(json_get((value), __VA_ARGS__))
#define json_mut_get_string(value, ...) yyjson_mut_get_str(json_mut_get((value), __VA_ARGS__))

/* The strings of an array, without what else is in it; none where it is NULL or no array. g_strfreev() them. */
GStrv json_strings(yyjson_val *array);

/* The integer of a raw or plain number; `fallback` when it is none or out of range. */
gint64 json_int(yyjson_val *value, gint64 fallback);
gint64 json_mut_int(yyjson_mut_val *value, gint64 fallback);

/* Puts key:value into an object, replacing an old one in its place; key is copied. */
void json_mut_set(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, yyjson_mut_val *value);
/* The same for keys that may hold a NUL. */
void json_mut_set_n(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, size_t length, yyjson_mut_val *value);
void json_mut_set_string(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key, const char *text);
/* Removes a member; whether it was there. */
bool json_mut_remove(yyjson_mut_val *object, const char *key);
/* The object under key, made when missing or null (or of another type, which it replaces). */
yyjson_mut_val *json_mut_ensure_object(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *key);

/* Sorts the members of all objects in the value by key, bytewise; of a repeated key the first stays first. */
void json_mut_sort(yyjson_mut_val *value);

/* Whether a value is nested at most `depth` levels (a scalar: 0) and costs at
 * most *budget, from which it is taken: 1 for each value and key, 1 more for
 * every 64 bytes of text. For what patches and aliases build up. */
bool json_mut_within(yyjson_mut_val *value, size_t depth, size_t *budget);

/* Deep equality: order of members does not matter, of a repeated key the first
 * counts (as in json_get()), numbers are equal when their values are (1, 1.0 and 1e0), compared
 * exactly and not as doubles. */
bool json_equal(yyjson_val *a, yyjson_val *b);
bool json_mut_equal(yyjson_mut_val *a, yyjson_mut_val *b);

/* JSON Pointer (RFC 6901). NULL when nothing is there; INVALID sets error. */
yyjson_mut_val *json_pointer_get(yyjson_mut_val *root, const char *pointer, GError **error);

/* One reference token of a pointer, ~0 and ~1 undone; NULL with INVALID for
 * another ~. g_free() it. */
char *json_pointer_token(const char *token, size_t length, GError **error);
/* An array index in a token: digits without a leading zero. */
bool json_pointer_index(const char *token, size_t *out);
