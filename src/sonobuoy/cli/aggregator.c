/* sonobuoy aggregator: runs in the cluster, in the pod that `sonobuoy run` makes. */
#include "base/file.h"
#include "base/text.h"
#include "sonobuoy/aggregator.h"
#include "sonobuoy/cli/commands.h"
#include "sonobuoy/cli/common.h"

#include <string.h>

#define RUN_FOLDER "/tmp/sonobuoy"
enum { FILE_MAX_BYTES = 16 << 20, CONNECTIONS = 8 };

typedef struct {
    Common common;
    bool no_exit;
    char *folder;
} Options;

/* --- configuration and plugins -------------------------------------------------------------------- */

static void say_unknown(RunLog *log, const char *what, GStrv names) {
    for (char **name = names; name && *name; name++)
        run_log(log, LOG_WARNING, "%s: %s means nothing here", what, *name);
}

/* $SONOBUOY_CONFIG, ./config.json, /etc/sonobuoy/config.json: the first that there is. */
static RunConfig *read_config(RunLog *log, GError **error) {
    const char *const places[] = {g_getenv("SONOBUOY_CONFIG"), "config.json", "/etc/sonobuoy/config.json"};
    g_autoptr(RunConfig) config = run_config_new();
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        if (!places[i] || !*places[i] || !g_file_test(places[i], G_FILE_TEST_EXISTS))
            continue;
        g_auto(GStrv) unknown = NULL;
        size_t length;
        g_autofree char *text = file_read(places[i], FILE_MAX_BYTES, &length, error);
        if (!text || !run_config_read(config, text, length, places[i], &unknown, error))
            return NULL;
        say_unknown(log, places[i], unknown);
        break;
    }
    const char *results = g_getenv("RESULTS_DIR");
    if (results && *results) {
        g_free(config->results_dir);
        config->results_dir = g_strdup(results);
    }
    return g_steal_pointer(&config);
}

static bool is_selected(const RunConfig *config, const char *name) {
    return !config->plugins || g_strv_contains((const char *const *)config->plugins, name);
}

/* What is no definition is told of, and the others run all the same. */
static void read_plugin(const RunConfig *config, const char *path, GPtrArray *plugins, RunLog *log) {
    g_autoptr(GError) failure = NULL;
    g_auto(GStrv) unknown = NULL;
    size_t length;
    g_autofree char *text = file_read(path, FILE_MAX_BYTES, &length, &failure);
    g_autoptr(Plugin) plugin = text ? plugin_parse(text, length, path, &unknown, &failure) : NULL;
    if (!plugin) {
        run_log(log, LOG_ERROR, "a plugin cannot be loaded: %s", failure->message);
        return;
    }
    say_unknown(log, path, unknown);
    if (is_selected(config, plugin->name))
        g_ptr_array_add(plugins, g_steal_pointer(&plugin));
}

static GPtrArray *read_plugins(const RunConfig *config, RunLog *log) {
    GPtrArray *plugins = g_ptr_array_new_with_free_func((GDestroyNotify)plugin_free);
    for (char **place = config->plugin_search_path; place && *place; place++) {
        g_autofree char *folder =
            g_str_has_prefix(*place, "~/") ? g_build_filename(g_get_home_dir(), *place + 2, NULL) : g_strdup(*place);
        g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
        g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
        for (const char *name; dir && (name = g_dir_read_name(dir));)
            if (g_str_has_suffix(name, ".yaml") || g_str_has_suffix(name, ".yml"))
                g_ptr_array_add(paths, g_build_filename(folder, name, NULL));
        g_ptr_array_sort(paths, text_compare);
        for (guint i = 0; i < paths->len; i++)
            read_plugin(config, paths->pdata[i], plugins, log);
    }
    return plugins;
}

/* --- the command ------------------------------------------------------------------------------------- */

static bool run(const Options *options, RunLog *log, GError **error) {
    g_autoptr(RunConfig) config = read_config(log, error);
    g_autoptr(KubeClient) client = config ? cli_client(&options->common, CONNECTIONS, 0, error) : NULL;
    if (!client)
        return false;
    g_autoptr(GPtrArray) plugins = read_plugins(config, log);
    AggregatorOptions aggregator = {
        .client = client,
        .config = config,
        .plugins = plugins,
        .folder = options->folder,
        .log = log,
        .cancel = program_cancel(),
    };
    return aggregator_run(&aggregator, error);
}

static int run_aggregator(const CommandCall *call, void *data) {
    const Options *options = data;
    GError *error = NULL;
    g_autoptr(RunLog) log = cli_log(&options->common, &error);
    if (!log)
        return program_end(EXIT_USAGE, error);
    bool done = run(options, log, &error);
    if (!done)
        run_log(log, LOG_ERROR, "%s", error->message);
    g_clear_error(&error);
    /* The archive is fetched by a command in this pod: it lives until it is deleted. */
    while (options->no_exit && cancel_sleep(program_cancel(), G_USEC_PER_SEC * 60, NULL))
        ;
    return done ? EXIT_DONE : EXIT_FAILED;
}

static const Option own_options[] = {
    {.name = "no-exit",
     .kind = OPTION_FLAG,
     .offset = offsetof(Options, no_exit),
     .help = "Stay when the archive is there, so that it can be fetched."},
    {.name = "folder",
     .kind = OPTION_STRING,
     .offset = offsetof(Options, folder),
     .value = "DIR",
     .fallback = RUN_FOLDER,
     .help = "Where the run's folder and its archive are."},
    {0},
};
static const Option *const tables[] = {own_options, kube_options, log_options, NULL};
const Command aggregator_command = {
    .name = "aggregator",
    .hidden = true,
    .summary = "Run the plugins and gather their results; for the pod of a run.",
    .examples = "sonobuoy aggregator --no-exit",
    .options = tables,
    .options_size = sizeof(Options),
    .run = run_aggregator,
};
