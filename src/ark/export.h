/* A backup as files for git and kubectl: one YAML file an object. */
#pragma once

#include "ark/clean.h"
#include "ark/look.h"
#include "base/cancel.h"

typedef struct {
    Store *store;
    const char *backup;
    const char *dir;
    const ArkFilters *filters;
    bool force; /* a folder that is not empty will do */
    bool all;   /* also what the cluster makes by itself */
    ArkSecrets secrets;
    const Limits *limits; /* NULL: the default ones */
    Cancel *cancel;
    /* May be NULL. Called once, before anything is written, and for each object that is left out. */
    void (*on_open)(const ArkLook *look);
    void (*on_left_out)(const char *reference, const char *reason);
} ArkExportRequest;

typedef struct {
    guint64 objects;          /* files that are there now */
    guint64 changed, removed; /* of those that an earlier export wrote, too */
    guint64 left_out;         /* taken by the filters, but of no use in another cluster */
    guint64 plain_secrets;
} ArkExportOutcome;

/* The archive is read and checked whole before the first file is written. */
bool ark_export_run(const ArkExportRequest *request, ArkExportOutcome *out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
