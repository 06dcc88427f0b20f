/* sonobuoy gen plugin: definitions of plugins, one's own and those that are built in. */
#include "base/file.h"
#include "base/text.h"
#include "sonobuoy/builtin.h"
#include "sonobuoy/cli/commands.h"
#include "sonobuoy/cli/generation.h"
#include "sonobuoy/plugin-make.h"
#include "sonobuoy/results.h"

#include <stdio.h>

enum { FILE_MAX_BYTES = 1 << 20 }; /* of a ConfigMap */

/* --- the built-in ones ----------------------------------------------------------------------------- */

typedef struct {
    Generation generation;
    GStrv files;
} BuiltinOptions;

static void print_definition(const Plugin *plugin) {
    g_autofree char *text = plugin_write(plugin);
    fputs(text, stdout);
}

/* Prints the plugin that is named as the command. */
static int run_gen_builtin(const CommandCall *call, void *data) {
    Generation options = ((const BuiltinOptions *)data)->generation;
    GError *error = NULL;
    g_auto(Generated) generated = {0};
    options.builtin = true;
    /* Both of stock's, as options may be for the other one. */
    static char *network[] = {(char *)BUILTIN_NETWORK, NULL};
    options.plugins = g_str_equal(call->command->name, BUILTIN_NETWORK) ? network : NULL;
    g_autoptr(GPtrArray) plugins =
        generation_read(call, &options, &generated, &error) ? generation_plugins(&options, &generated, &error) : NULL;
    for (guint i = 0; plugins && i < plugins->len; i++)
        if (g_str_equal(((const Plugin *)plugins->pdata[i])->name, call->command->name))
            print_definition(plugins->pdata[i]);
    return program_end(plugins ? EXIT_DONE : EXIT_FAILED, error);
}

static const Option e2e_options[] = {
    {.name = "configmap",
     .kind = OPTION_STRINGS,
     .offset = offsetof(BuiltinOptions, files),
     .hidden = true,
     .help = "Without effect."},
    {0},
};
static const Option *const e2e_tables[] = {GENERATION_OPTIONS, e2e_options, namespace_options,
                                           kube_options,       log_options, NULL};
static const Command builtin_e2e_command = {
    .name = BUILTIN_E2E,
    .summary = "Print the definition of the plugin e2e.",
    .description = "As a run of these options has it: Kubernetes' end-to-end tests. The cluster is asked for its "
                   "version alone (--kubernetes-version).",
    .examples = "sonobuoy gen plugin e2e --mode quick > quick.yaml\n"
                "sonobuoy gen plugin e2e --kubernetes-version v1.34.4 --e2e-focus 'Pods should be'",
    .options = e2e_tables,
    .options_size = sizeof(BuiltinOptions),
    .run = run_gen_builtin,
};

static const Option *const plain_tables[] = {GENERATION_OPTIONS, namespace_options, kube_options, log_options, NULL};
static const Command builtin_logs_command = {
    .name = BUILTIN_SYSTEMD_LOGS,
    .summary = "Print the definition of the plugin systemd-logs.",
    .description = "As a run of these options has it: the journal of each node. The cluster is asked for its version "
                   "alone (--kubernetes-version).",
    .examples = "sonobuoy gen plugin systemd-logs --kubernetes-version ignore > logs.yaml",
    .options = plain_tables,
    .options_size = sizeof(BuiltinOptions),
    .run = run_gen_builtin,
};

static const Command builtin_network_command = {
    .name = BUILTIN_NETWORK,
    .summary = "Print the definition of the plugin network.",
    .description = "As a run of these options has it: probes of the network between nodes. What it needs beside its "
                   "pods (a Service, a NetworkPolicy, rights) is made by a run of any plugin of that name.",
    .examples = "sonobuoy gen plugin network --kubernetes-version ignore --peers 4 > network.yaml",
    .options = plain_tables,
    .options_size = sizeof(BuiltinOptions),
    .run = run_gen_builtin,
};

/* --- one's own ------------------------------------------------------------------------------------- */

typedef struct {
    Common common;
    char *name, *image, *driver, *format, *description, *url;
    GStrv command, arguments, environment, node_selector, files;
    bool default_pod_spec;
} Options;

static void file_clear(void *data) {
    PluginFile *file = data;
    g_free((char *)file->name);
    g_free((char *)file->content);
}

/* What --configmap names, ended by a name of NULL. */
static GArray *read_files(GStrv paths, GError **error) {
    g_autoptr(GArray) files = g_array_new(true, true, sizeof(PluginFile));
    g_array_set_clear_func(files, file_clear);
    for (; paths && *paths; paths++) {
        char *content = file_read(*paths, FILE_MAX_BYTES, NULL, error);
        if (!content)
            return NULL;
        PluginFile file = {.name = g_path_get_basename(*paths), .content = content};
        g_array_append_val(files, file);
    }
    return g_steal_pointer(&files);
}

static Plugin *make(const Options *options, GError **error) {
    g_autoptr(GArray) files = read_files(options->files, error);
    if (!files)
        return NULL;
    PluginParts parts = {
        .name = options->name,
        .image = options->image,
        .driver = options->driver,
        .format = options->format,
        .description = options->description,
        .url = options->url,
        .command = options->command,
        .arguments = options->arguments,
        .environment = options->environment,
        .node_selector = options->node_selector,
        .files = (const PluginFile *)(void *)files->data,
        .default_pod_spec = options->default_pod_spec,
    };
    return plugin_make(&parts, error);
}

static int run_gen_plugin(const CommandCall *call, void *data) {
    const Options *options = data;
    GError *error = NULL;
    const char *missing = !options->name ? "--name" : !options->image ? "--image" : NULL;
    if (missing) {
        g_set_error(&error, BASE_ERROR, BASE_ERROR_USAGE, "%s is missing; a plugin has a name and an image", missing);
        return program_end(EXIT_USAGE, error);
    }
    g_autoptr(Plugin) plugin = make(options, &error);
    if (!plugin)
        return program_end(EXIT_FAILED, error);
    if (result_format_parse(options->format) == RESULT_RAW && !g_str_equal(options->format, "raw"))
        text_print(stderr, "sonobuoy: no format is named \"%s\": results will be taken as raw\n", options->format);
    print_definition(plugin);
    return EXIT_DONE;
}

static const char *const formats[] = {"raw", "junit", "e2e", "gojson", "manual", NULL};
static const char *const drivers[] = {"Job", "DaemonSet", NULL};
#define TEXT(name_, letter_, field_, value_, help_)                                                       \
    {                                                                                                     \
        .name = (name_), .letter = (letter_), .kind = OPTION_STRING, .offset = offsetof(Options, field_), \
        .value = (value_), .help = (help_)                                                                \
    }
static const Option own_options[] = {
    TEXT("name", 'n', name, "NAME", "What the plugin is called; needed."),
    TEXT("image", 'i', image, "IMAGE", "The image of its container; needed."),
    {.name = "type",
     .letter = 't',
     .kind = OPTION_STRING,
     .offset = offsetof(Options, driver),
     .value = "DRIVER",
     .values = drivers,
     .fallback = "Job",
     .help = "Whether it runs once or on each node."},
    {.name = "format",
     .letter = 'f',
     .kind = OPTION_STRING,
     .offset = offsetof(Options, format),
     .value = "FORMAT",
     .values = formats,
     .fallback = "raw",
     .help = "What its results are."},
    {.name = "cmd",
     .letter = 'c',
     .kind = OPTION_STRINGS,
     .offset = offsetof(Options, command),
     .value = "WORD",
     .fallback = "./run.sh",
     .help = "A word of the command that its container runs; repeatable."},
    {.name = "arg",
     .letter = 'a',
     .kind = OPTION_STRINGS,
     .offset = offsetof(Options, arguments),
     .value = "WORD",
     .help = "An argument of it; repeatable."},
    {.name = "env",
     .letter = 'e',
     .kind = OPTION_STRINGS,
     .offset = offsetof(Options, environment),
     .value = "NAME=VALUE",
     .help = "A variable of its container; repeatable."},
    {.name = "configmap",
     .kind = OPTION_STRINGS,
     .offset = offsetof(Options, files),
     .value = "FILE",
     .complete = "file",
     .help = "A file that it finds in /tmp/sonobuoy/config; repeatable."},
    {.name = "node-selector",
     .kind = OPTION_MAP,
     .offset = offsetof(Options, node_selector),
     .value = "KEY=VALUE",
     .help = "Nodes that it may run on."},
    TEXT("description", 'D', description, "TEXT", "What it is for."),
    TEXT("url", 'u', url, "URL", "Where it comes from."),
    {.name = "show-default-podspec",
     .kind = OPTION_FLAG,
     .offset = offsetof(Options, default_pod_spec),
     .help = "Write the default pod spec out."},
    {0},
};
static const Option *const own_tables[] = {own_options, log_options, NULL};
static const Command *const children[] = {&builtin_e2e_command, &builtin_logs_command, &builtin_network_command, NULL};
const Command gen_plugin_command = {
    .name = "plugin",
    .summary = "Print the definition of a plugin.",
    .description = "YAML for --plugin of 'sonobuoy run', or to be installed.",
    .examples = "sonobuoy gen plugin --name my-plugin --image example.org/my-plugin:v1 > my-plugin.yaml\n"
                "sonobuoy gen plugin -n nodes -i example.org/nodes:v1 -t DaemonSet -c /bin/sh -c -ec -a 'uname -a'\n"
                "sonobuoy gen plugin e2e --mode quick",
    .options = own_tables,
    .options_size = sizeof(Options),
    .run = run_gen_plugin,
    .children = children,
};
