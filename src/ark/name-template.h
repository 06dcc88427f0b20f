/* Names of backups that are made again and again: "nightly-{{timestamp}}". */
#pragma once

#include "base/error.h"

/* The label that says of which series a backup is. */
#define ARK_SERIES_LABEL "ark.seaworthy.dev/series"

typedef struct {
    gint64 now;           /* microseconds since the epoch */
    const char *hostname; /* of this machine */
    /* The name of the kubeconfig's context; called only where the template asks for it. g_free() what it returns. */
    char *(*context)(void *data, GError **error);
    void *data;
} ArkNameFields;

/* Fills in {{timestamp}} (UTC, YYYYMMDDHHMMSS, as Velero's schedules name their backups), {{date}} (YYYYMMDD),
 * {{cluster}} and {{context}} (the same) and {{hostname}}, these as far as a name may hold their characters.
 * `out_series` is the name less its times, as a label's value: what all backups of this template have in common; NULL
 * where that is nothing. USAGE for unknown fields, with the nearest right one, and where the outcome is no name of a
 * backup. g_free() both. */
char *ark_name_template_fill(const char *text, const ArkNameFields *fields, char **out_series, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
