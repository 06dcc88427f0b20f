/* The worker beside a plugin: waits until the plugin is done, sends what it wrote to the aggregator, and passes its
 * progress on.
 *
 * Each second it looks for RESULTS/done, whose text is the path of a file or folder; five seconds later (so that others
 * may still take it away) that is sent: a file as it is, a folder as tar.gz. Where all other containers of the pod have
 * ended with 0 and there is no such file, the whole results folder is sent. A result is streamed, never held in memory,
 * and sent again, after a while, for as long as the aggregator is away.
 * Source: sonobuoy.io/docs/main/plugins, and what stock Sonobuoy 0.57's worker does on the wire. */
#pragma once

#include "base/cancel.h"

typedef struct {
    char *aggregator_url;               /* AGGREGATOR_URL */
    char *node;                         /* NODE_NAME; NULL: the plugin runs once */
    char *plugin;                       /* RESULT_TYPE */
    char *results;                      /* SONOBUOY_RESULTS_DIR, RESULTS_DIR; /tmp/sonobuoy/results */
    char *ca, *certificate, *key;       /* CA_CERT, CLIENT_CERT, CLIENT_KEY: PEM */
    guint16 progress_port;              /* SONOBUOY_PROGRESS_PORT; 8099; 0: none */
    gint64 done_delay;                  /* SONOBUOY_DONE_FILE_DELAY, microseconds; 5 s */
    char *namespace_, *pod, *container; /* SONOBUOY_NS, SONOBUOY_PLUGIN_POD, SONOBUOY_WORKER_CONTAINER: to look at the
                                           pod's other containers; NULL: not looked at */
} WorkerOptions;
void worker_options_clear(WorkerOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WorkerOptions, worker_options_clear)

/* From the environment; USAGE names a variable that is missing or wrong. `by_node`: NODE_NAME counts. */
bool worker_options_from_environment(WorkerOptions *out, bool by_node, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Runs until the result was taken (also where it was there before), or is lost for good. When `cancel` is set, what is
 * done within 60 s is still sent. `say` gets a line for the log now and then. */
bool worker_run(const WorkerOptions *options, Cancel *cancel, void (*say)(const char *line, void *data), void *data,
                GError **error) G_GNUC_WARN_UNUSED_RESULT;
