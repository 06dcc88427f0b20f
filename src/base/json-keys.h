/* Hash tables keyed by the strings of JSON values, by length and not up to a NUL. Internal to base. */
#pragma once

#include <glib.h>

guint json_key_hash(gconstpointer key);
gboolean json_key_equal(gconstpointer a, gconstpointer b);
