/* What a run is told: config.json, of the ConfigMap sonobuoy-config-cm, and meta/config.json in its archive.
 * Source: sonobuoy.io/docs/main/sonobuoy-config, `sonobuoy gen config` of stock Sonobuoy 0.57. */
#pragma once

#include "base/json.h"

/* A member that may be null, false or true. */
typedef enum { CONFIG_NULL = -1, CONFIG_FALSE, CONFIG_TRUE } ConfigTristate;

typedef struct {
    char *description, *uuid, *version;
    char *results_dir;       /* in plugins' pods; $RESULTS_DIR overrides it */
    char *query_dir;         /* of `sonobuoy query`; "": the run's own */
    GStrv resources;         /* NULL: all but Secrets; empty: none */
    char *filter_namespaces; /* an expression, not anchored */
    char *filter_labels;     /* a label selector */
    char *log_namespaces;    /* an expression */
    ConfigTristate log_own_namespace;
    GStrv log_fields; /* field selectors, any of them */
    char *log_labels;
    bool log_previous, log_timestamps;
    gint64 log_since_seconds, log_tail_lines, log_limit_bytes; /* -1: none */
    char *log_since_time;                                      /* NULL: none */
    double qps;
    gint64 burst;
    char *bind_address, *advertise_address;
    gint64 bind_port, timeout_seconds; /* timeout 0: none */
    GStrv plugins;                     /* names; NULL: all, empty: none */
    GStrv plugin_search_path;
    char *namespace_;
    bool skip_plugins;
    char *worker_image, *image_pull_policy, *image_pull_secrets;
    bool force_image_pull_policy;
    yyjson_mut_val *custom_annotations;     /* an object, of doc; or NULL */
    char *aggregator_permissions;           /* rights.h */
    char *volume_claim;                     /* that the aggregator keeps its folder on; "": none */
    char *volume_size, *volume_class;       /* of one that is made for it; "": it is there, the default one */
    yyjson_mut_val *aggregator_tolerations; /* an array, of doc; or NULL */
    char *service_account;
    bool existing_service_account;
    char *e2e_docker_config_file;
    char *psa_enforce_level;
    char *progress_port;
    char *security_context_mode; /* "nonroot", "none", "restricted" (ours) */
    /* Ours: */
    yyjson_mut_val *pods;               /* an object, of doc (pod-options.h); or NULL */
    yyjson_mut_val *plugin_permissions; /* an object, of doc (rights.h); or NULL */
    yyjson_mut_doc *doc;
} RunConfig;

extern const char *const security_context_modes[]; /* NULL-terminated */

RunConfig *run_config_new(void); /* the default one */
void run_config_free(RunConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RunConfig, run_config_free)

/* Whether pods are made as the Pod Security Standard "restricted" wants them: the mode says so, or the namespace takes
 * no others. */
bool run_config_is_restricted(const RunConfig *config);

/* The object `*field`, made where there is none: the configuration's `pods` or `plugin_permissions`. */
yyjson_mut_val *run_config_ensure(RunConfig *config, yyjson_mut_val **field);

/* Takes what the JSON says into the configuration; members that it has not stay as they are. INVALID names a member
 * of the wrong type, an expression or a port that is none; a member that is not known is no error, as with stock, and
 * is named in `unknown` (may be NULL; g_strfreev() it). */
bool run_config_read(RunConfig *config, const char *text, size_t length, const char *what, GStrv *unknown,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The whole as JSON, members in stock's order, made in doc. */
yyjson_mut_val *run_config_to_json(const RunConfig *config, yyjson_mut_doc *doc);
