/* sonobuoy run: makes what `sonobuoy gen` prints, and may wait for its end. */
#include "base/file.h"
#include "base/yaml.h"
#include "sonobuoy/cli/commands.h"
#include "sonobuoy/cli/generation-network.h"
#include "sonobuoy/cli/generation.h"
#include "sonobuoy/cli/waiting.h"
#include "sonobuoy/deploy.h"
#include "sonobuoy/preflight.h"

#include <unistd.h>

enum { MANIFEST_MAX_BYTES = 64 << 20 };

typedef struct {
    Generation generation;
    WaitOptions wait;
    GStrv skip_preflight, dns_labels;
    char *dns_namespace, *file;
} Options;

/* --- preflight -------------------------------------------------------------------------------------- */

static bool read_checks(const Options *options, Preflight *out, GError **error) {
    for (char **name = options->skip_preflight; name && *name; name++) {
        bool all = g_str_equal(*name, "true") || g_str_equal(*name, "*");
        bool dns = all || g_str_equal(*name, "dnscheck"), version = all || g_str_equal(*name, "versioncheck");
        bool namespace_ = all || g_str_equal(*name, "existingnamespace");
        if (g_str_equal(*name, "false")) {
            out->skip_dns = out->skip_version = out->skip_namespace = false;
        } else if (!dns && !version && !namespace_) {
            g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE,
                        "--skip-preflight: \"%s\" is no check; dnscheck, versioncheck, existingnamespace and true are",
                        *name);
            return false;
        }
        out->skip_dns |= dns;
        out->skip_version |= version;
        out->skip_namespace |= namespace_;
    }
    return true;
}

/* --- the objects ---------------------------------------------------------------------------------------- */

/* The namespace of what a manifest runs: that of its last object in one. */
static char *namespace_of(const GPtrArray *objects) {
    const char *namespace_ = NULL;
    for (guint i = 0; i < objects->len; i++) {
        const char *of_one = json_mut_get_string(yyjson_mut_doc_get_root(objects->pdata[i]), "metadata", "namespace");
        namespace_ = of_one ? of_one : namespace_;
    }
    return g_strdup(namespace_);
}

static GPtrArray *objects_of_file(const char *path, GError **error) {
    bool from_stdin = g_str_equal(path, "-");
    const char *what = from_stdin ? "standard input" : path;
    size_t length;
    g_autofree char *text = from_stdin ? file_read_open(STDIN_FILENO, what, MANIFEST_MAX_BYTES, &length, error)
                                       : file_read(path, MANIFEST_MAX_BYTES, &length, error);
    g_autoptr(GPtrArray) objects = text ? yaml_parse_all(text, length, what, error) : NULL;
    if (objects && objects->len == 0) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s holds no object", what);
        return NULL;
    }
    return g_steal_pointer(&objects);
}

static GPtrArray *objects_of_options(const CommandCall *call, Options *options, char **out_namespace, GError **error) {
    g_auto(Generated) generated = {0};
    if (!generation_read(call, &options->generation, &generated, error))
        return NULL;
    generation_name_egress(&options->generation, &generated);
    *out_namespace = g_strdup(generated.config->namespace_);
    return generation_objects(&options->generation, &generated, error);
}

/* --- the command ------------------------------------------------------------------------------------------ */

static int run(const CommandCall *call, Options *options, RunLog *log, GError **error) {
    const Common *common = &options->generation.common;
    Preflight preflight = {.dns_namespace = options->dns_namespace,
                           .dns_pod_labels = (const char *const *)options->dns_labels};
    if (!read_checks(options, &preflight, error))
        return EXIT_FAILED;
    g_autofree char *namespace_ = NULL;
    g_autoptr(GPtrArray) objects =
        options->file ? objects_of_file(options->file, error) : objects_of_options(call, options, &namespace_, error);
    g_autoptr(KubeClient) client = objects ? cli_client(common, 4, PATIENCE_S, error) : NULL;
    if (!client)
        return EXIT_FAILED;
    if (options->file)
        namespace_ = namespace_of(objects);
    preflight.namespace_ = namespace_ ? namespace_ : common->namespace_;
    if (!options->file && !preflight_check(client, &preflight, error))
        return EXIT_FAILED;
    if (!deploy_create(client, objects, log, error))
        return EXIT_FAILED;
    return options->wait.minutes == 0 ? EXIT_DONE : wait_for_run(client, preflight.namespace_, &options->wait, error);
}

static int run_run(const CommandCall *call, void *data) {
    Options *options = data;
    GError *error = NULL;
    static const Option *const others[] = {GENERATION_OPTIONS, namespace_options};
    const Option *other = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(others) && options->file && !other; i++)
        other = command_given(call, others[i]);
    if (other) {
        g_set_error(&error, BASE_ERROR, BASE_ERROR_USAGE, "--file and --%s: the manifest says all of that",
                    other->name);
        return cli_end(EXIT_USAGE, error);
    }
    g_autoptr(RunLog) log = cli_log(&options->generation.common, &error);
    if (log && !options->generation.rbac)
        options->generation.rbac = g_strdup("Detect");
    int code = log ? run(call, options, log, &error) : EXIT_FAILED;
    return cli_end(code, error);
}

static const Option own_options[] = {
    {.name = "file",
     .letter = 'f',
     .kind = OPTION_STRING,
     .offset = offsetof(Options, file),
     .value = "FILE",
     .complete = "file",
     .help = "Create the objects of this manifest ('-': standard input), and nothing else."},
    {.name = "skip-preflight",
     .kind = OPTION_LIST,
     .offset = offsetof(Options, skip_preflight),
     .value = "CHECK,...",
     .bare = "true",
     .help = "Do not look before: dnscheck, versioncheck, existingnamespace; alone: none of them."},
    {.name = "dns-namespace",
     .kind = OPTION_STRING,
     .offset = offsetof(Options, dns_namespace),
     .value = "NS",
     .fallback = "kube-system",
     .rare = true,
     .help = "Where the pods of the cluster's DNS are."},
    {.name = "dns-pod-labels",
     .kind = OPTION_LIST,
     .offset = offsetof(Options, dns_labels),
     .value = "LABELS,...",
     .fallback = "k8s-app=kube-dns,k8s-app=coredns",
     .rare = true,
     .help = "And their labels, any of them."},
    {.name = "wait",
     .kind = OPTION_INT,
     .offset = offsetof(Options, wait.minutes),
     .value = "MINUTES",
     .fallback = "0",
     .bare = "1440",
     .help = "Wait for the end of the run, that long at most; alone: a day."},
    WAIT_OPTIONS(Options, wait),
    {0},
};
static const Option *const tables[] = {own_options,  GENERATION_OPTIONS, namespace_options,
                                       kube_options, log_options,        NULL};
const Command run_command = {
    .name = "run",
    .summary = "Run plugins in a cluster.",
    .description = "Creates what `sonobuoy gen` prints for the same options: an aggregator, which starts the plugins, "
                   "takes their results and asks the cluster what it is. Before that it looks whether the cluster can "
                   "run it (--skip-preflight). With --wait it tells what goes on, what pods wait for, and which tests "
                   "fail, until the results are there.",
    .examples = "sonobuoy run --wait\n"
                "sonobuoy run -p my-plugin.yaml --sonobuoy-image registry.example.org/seaworthy:v0.1.0 --wait=30\n"
                "sonobuoy gen --mode quick > run.yaml; sonobuoy run -f run.yaml",
    .exit_codes = RUN_EXIT_CODES,
    .options = tables,
    .options_size = sizeof(Options),
    .run = run_run,
};
