/* The configuration file: what need not be typed each time.
 *
 *   location: prod                      where --location and $ARK_LOCATION are not given: a name below, or a URL
 *   locations:
 *     prod:
 *       url: s3://backups/prod
 *       config: {region: eu-west-1}     as --location-config
 *   connections: 8                      and other configurable options, by their names
 *
 * It is $ARK_CONFIG, or ark/config.yaml in $XDG_CONFIG_HOME (~/.config). */
#pragma once

#include "base/json.h"
#include "base/options.h"

const char *settings_path(void);

/* The file's content, checked; an empty object where there is none. INVALID names the file and what is wrong in it. */
yyjson_mut_doc *settings_read(GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Makes the file's directory, and waits until no other ark changes the file; close() what it returns. -1: an error. */
int settings_lock(GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Replaces the file in one step. Only its owner reads it. */
bool settings_write(yyjson_mut_doc *doc, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Sets what a dotted key ("connections", "locations.prod.config.region") names, NULL removes it. USAGE for an unknown
 * key, with the nearest known one, and for a value that would not do; NOT_FOUND where there is nothing to remove. */
bool settings_set(yyjson_mut_doc *doc, const char *key, const char *value, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A configurable option's text, or NULL: Command.setting of the program. */
const char *settings_option(const Option *option, const char **origin, GError **error);

/* The URL of a location that is given (a URL or a name), of $ARK_LOCATION or the file's own, with its settings, those
 * that are given last. USAGE where there is none or the name is unknown. g_free() and g_strfreev() them. */
char *settings_location(const char *given, GStrv given_config, GStrv *out_config, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/* The names of its locations; empty where the file cannot be read. */
GStrv settings_location_names(void);
