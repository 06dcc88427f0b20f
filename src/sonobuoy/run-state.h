/* What an aggregator that was ended before its run must know to go on with it: FOLDER/state.json, beside the run's own
 * folder, readable for its own user only, as the run's authority is in it. Which results have come, the run's folder
 * says. */
#pragma once

#include "sonobuoy/certificates.h"

typedef struct {
    char *plugin, *session;
    gint64 launched; /* microseconds since the epoch */
    bool created;    /* its objects are in the cluster */
    GStrv nodes;     /* that a result is expected from; STATUS_GLOBAL for a plugin that runs once */
} StatePlugin;

typedef struct {
    char *uuid;
    gint64 begun;       /* microseconds since the epoch */
    char *pod_uid;      /* of the aggregator's pod then */
    KeyPair authority;  /* of the run */
    GPtrArray *plugins; /* StatePlugin: those that were launched */
    char *status;       /* of a run whose archive is there: the annotation's text; else NULL */
} RunState;

void state_plugin_free(StatePlugin *plugin);
RunState *run_state_new(void);
void run_state_free(RunState *state);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RunState, run_state_free)

/* NOT_FOUND: there is none. */
RunState *run_state_read(const char *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* In place of the one before, as a whole. */
bool run_state_write(const RunState *state, const char *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The plugin's, or NULL. */
StatePlugin *run_state_find(const RunState *state, const char *plugin);
