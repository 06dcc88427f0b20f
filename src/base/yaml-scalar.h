/* What a plain YAML scalar stands for. Internal to base: reader and writer must agree. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum {
    YAML_STRING,
    YAML_NULL,
    YAML_TRUE,
    YAML_FALSE,
    YAML_NUMBER,
    YAML_NOT_FINITE, /* .inf, .nan: JSON has no word for them */
} YamlKind;

/* For YAML_NUMBER, *out_number is its JSON text, exact; g_free() it. NULL otherwise. */
YamlKind yaml_resolve(const char *text, char **out_number);

/* UTF-8 that may hold NUL, which GLib's own check refuses. */
bool yaml_is_utf8(const char *text, size_t length);
