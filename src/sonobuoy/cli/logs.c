/* sonobuoy logs: what the pods of a run wrote. */
#include "base/text.h"
#include "sonobuoy/cli/commands.h"
#include "sonobuoy/cli/common.h"
#include "sonobuoy/pod-logs.h"

#include <string.h>

typedef struct {
    Common common;
    char *plugin;
    bool follow;
} Options;

typedef struct {
    const char *namespace_;
    char *last; /* whose line the last one was */
    bool failed;
} Shown;

static void show_line(const char *pod, const char *container, const char *line, size_t length, void *data) {
    Shown *shown = data;
    g_autofree char *source = g_strconcat(pod, "/", container, NULL);
    if (g_strcmp0(source, shown->last) != 0) {
        text_print(stdout, "namespace=\"%s\" pod=\"%s\" container=\"%s\"\n", shown->namespace_, pod, container);
        g_free(shown->last);
        shown->last = g_steal_pointer(&source);
    }
    g_autofree char *text = g_strndup(line, length);
    text_print(stdout, "%s\n", text);
    fflush(stdout);
}

static void show_failure(const char *pod, const char *container, const GError *failure, void *data) {
    Shown *shown = data;
    shown->failed = true;
    text_print(stderr, "sonobuoy: pod %s, container %s: %s\n", pod, container, failure->message);
}

static int run_logs(const CommandCall *call, void *data) {
    const Options *options = data;
    GError *error = NULL;
    Shown shown = {options->common.namespace_, NULL, false};
    g_autoptr(KubeClient) client = cli_client(&options->common, 0, 0, &error);
    PodLogOptions logs = {
        .client = client,
        .namespace_ = options->common.namespace_,
        .plugin = options->plugin,
        .follow = options->follow,
        .on_line = show_line,
        .on_failure = show_failure,
        .data = &shown,
    };
    bool read = client && pod_logs(&logs, &error);
    g_free(shown.last);
    return cli_end(read && !shown.failed ? EXIT_DONE : EXIT_FAILED, error);
}

static const Option own_options[] = {
    {.name = "follow",
     .letter = 'f',
     .kind = OPTION_FLAG,
     .offset = offsetof(Options, follow),
     .help = "Go on as lines come."},
    {.name = "plugin",
     .letter = 'p',
     .kind = OPTION_STRING,
     .offset = offsetof(Options, plugin),
     .value = "NAME",
     .help = "Only the pods of this plugin; sonobuoy: the aggregator."},
    {0},
};
static const Option *const tables[] = {own_options, namespace_options, kube_options, log_options, NULL};
const Command logs_command = {
    .name = "logs",
    .summary = "Show what the pods of a run wrote.",
    .description = "Before lines of another container a line says whose they are.",
    .examples = "sonobuoy logs\nsonobuoy logs -p e2e -f",
    .options = tables,
    .options_size = sizeof(Options),
    .run = run_logs,
};
