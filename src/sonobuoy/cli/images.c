/* sonobuoy images: what nodes must be able to pull for a run. */
#include "base/text.h"
#include "sonobuoy/builtin.h"
#include "sonobuoy/cli/commands.h"
#include "sonobuoy/cli/e2e-program.h"
#include "sonobuoy/cli/generation.h"
#include "sonobuoy/registry.h"

#include <stdio.h>
#include <string.h>

#define VERSION_VARIABLE "$SONOBUOY_K8S_VERSION"

typedef struct {
    Generation generation; /* of which some options are taken */
    char *program;
    bool dry_run;
} Options;

/* --- which plugins ----------------------------------------------------------------------------------- */

static const char *image_of(yyjson_mut_val *container) {
    return json_mut_get_string(container, "image");
}

/* Whether an image is named by the cluster's version: else none is asked. */
static bool needs_version(const GPtrArray *plugins) {
    for (guint i = 0; i < plugins->len; i++)
        if (strstr(image_of(((const Plugin *)plugins->pdata[i])->spec), VERSION_VARIABLE))
            return true;
    return false;
}

static bool read_plugins(const CommandCall *call, const Generation *options, Generated *out, GError **error) {
    Generation local = *options;
    if (!generation_read_local(call, options, out, error))
        return false;
    if (!local.kubernetes_version && !needs_version(out->plugins))
        local.kubernetes_version = (char *)"ignore";
    return generation_read_cluster(&local, out, error);
}

/* --- their images ------------------------------------------------------------------------------------ */

static void add_image(GPtrArray *images, const char *image) {
    if (image && *image && !g_ptr_array_find_with_equal_func(images, image, g_str_equal, NULL))
        g_ptr_array_add(images, g_strdup(image));
}

static void add_plugin(GPtrArray *images, const Plugin *plugin) {
    static const char *const lists[] = {"initContainers", "containers"};
    add_image(images, image_of(plugin->spec));
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        size_t index, count;
        yyjson_mut_val *container;
        yyjson_mut_arr_foreach(json_mut_get(plugin->pod_spec, lists[i]), index, count, container) {
            add_image(images, image_of(container));
        }
    }
}

/* The program's environment, with what --plugin-env gives the plugin e2e: KUBE_TEST_REPO and others change the list. */
static GStrv program_environment(const Generated *generated) {
    GStrv environment = g_get_environ();
    for (guint i = 0; i < generated->environment->len; i++) {
        const EnvironmentChange *change = generated->environment->pdata[i];
        if (g_str_equal(change->plugin, BUILTIN_E2E) && *change->value)
            environment = g_environ_setenv(environment, change->name, change->value, true);
    }
    return environment;
}

static bool add_of_program(GPtrArray *images, const char *program, const Generated *generated, GError **error) {
    g_auto(GStrv) environment = program_environment(generated);
    g_autoptr(GString) text = e2e_program_ask(program, "--list-images", environment, error);
    g_autofree char *valid = text ? g_utf8_make_valid(text->str, (gssize)text->len) : NULL;
    g_auto(GStrv) lines = valid ? g_strsplit(valid, "\n", -1) : NULL;
    for (char **line = lines; line && *line; line++)
        if (!strpbrk(g_strstrip(*line), " \t"))
            add_image(images, *line);
    return text;
}

/* The plugin e2e comes last: those inside of it follow. */
static GPtrArray *list_images(const Options *options, const Generated *generated, GError **error) {
    g_autoptr(GPtrArray) plugins = generation_plugins(&options->generation, generated, error);
    g_autoptr(GPtrArray) images = g_ptr_array_new_with_free_func(g_free);
    const Plugin *e2e = NULL;
    if (!plugins)
        return NULL;
    add_image(images, generated->config->worker_image);
    for (guint i = 0; i < plugins->len; i++) {
        const Plugin *plugin = plugins->pdata[i];
        if (g_str_equal(plugin->name, BUILTIN_E2E))
            e2e = plugin;
        else
            add_plugin(images, plugin);
    }
    if (e2e)
        add_plugin(images, e2e);
    if (e2e && !options->program)
        fputs("sonobuoy: the images that end-to-end tests use are not among them: --program e2e.test asks for those\n",
              stderr);
    if (options->program && !add_of_program(images, options->program, generated, error))
        return NULL;
    return g_steal_pointer(&images);
}

static int run_images(const CommandCall *call, void *data) {
    const Options *options = data;
    GError *error = NULL;
    g_auto(Generated) generated = {0};
    g_autoptr(GPtrArray) images =
        read_plugins(call, &options->generation, &generated, &error) ? list_images(options, &generated, &error) : NULL;
    for (guint i = 0; images && i < images->len; i++)
        text_print(stdout, "%s\n", (const char *)images->pdata[i]);
    return cli_end(images ? EXIT_DONE : EXIT_FAILED, error);
}

/* Each is told of: on standard output what is there, on standard error what is not, and why. */
static int inspect(const GPtrArray *images, GError **error) {
    g_autoptr(Registries) registries = registries_new(program_cancel(), error);
    bool all = registries;
    for (guint i = 0; registries && i < images->len && !cancel_is_set(program_cancel()); i++) {
        g_autoptr(GError) reason = NULL;
        if (registries_have(registries, images->pdata[i], &reason)) {
            text_print(stdout, "%s\n", (const char *)images->pdata[i]);
            fflush(stdout);
        } else {
            text_print(stderr, "sonobuoy: %s\n", reason->message);
            all = false;
        }
    }
    all = all && !cancel_check(program_cancel(), error);
    if (all)
        fputs("configured images available\n", stderr);
    return all ? EXIT_DONE : EXIT_FAILED;
}

static int run_inspect(const CommandCall *call, void *data) {
    const Options *options = data;
    GError *error = NULL;
    g_auto(Generated) generated = {0};
    g_autoptr(GPtrArray) images =
        read_plugins(call, &options->generation, &generated, &error) ? list_images(options, &generated, &error) : NULL;
    int code = images ? inspect(images, &error) : EXIT_FAILED;
    return program_end(code, error);
}

/* --- commands ------------------------------------------------------------------------------------------ */

#define AT(field) .offset = offsetof(Options, field)
static const Option own_options[] = {
    {.name = "plugin",
     .letter = 'p',
     .kind = OPTION_LIST,
     AT(generation.plugins),
     .value = "PLUGIN",
     .complete = "file",
     .fallback = BUILTIN_E2E "," BUILTIN_SYSTEMD_LOGS,
     .help = "Whose images: e2e, systemd-logs, an installed one, a file, folder or URL; repeatable."},
    {.name = "program",
     .kind = OPTION_STRING,
     AT(program),
     .value = "PATH",
     .complete = "file",
     .help = "Kubernetes' e2e.test, which is asked for the images that its tests use; it gets e2e's variables."},
    {.name = "dry-run", .kind = OPTION_FLAG, AT(dry_run), .hidden = true, .help = "Without effect: nothing is done."},
    {0},
};
static const Option *const tables[] = {
    own_options, generation_image_options, generation_config_options, kube_options, log_options, NULL};
#define DESCRIPTION                                                                                                \
    "The image of sonobuoy itself and those of the plugins that a run of these options has, one a line; with "     \
    "--program those that end-to-end tests use, too. For registries that are filled by hand, and nodes without a " \
    "way out. The cluster is asked for its version where an image's name has it."
#define EXAMPLES                                                                                                \
    "sonobuoy images --kubernetes-version v1.34.4 --program ./e2e.test | xargs -n 1 skopeo inspect docker://\n" \
    "sonobuoy images -p my-plugin.yaml"
static const Command list_command = {
    .name = "list",
    .summary = "List the images of a run.",
    .description = DESCRIPTION,
    .examples = EXAMPLES,
    .options = tables,
    .options_size = sizeof(Options),
    .run = run_images,
};
static const Command inspect_command = {
    .name = "inspect",
    .summary = "Ask registries whether they have a run's images.",
    .description = "Each image that 'sonobuoy images list' names for the same options is asked for at its registry; "
                   "none is fetched, and no container engine is needed. Printed are those that are there. Logins are "
                   "those of 'docker login' that stand in config.json. What this machine sees nodes may see otherwise: "
                   "they have proxies, mirrors and credentials of their own.",
    .examples = "sonobuoy images inspect --kubernetes-version v1.34.4 --program ./e2e.test",
    .exit_codes = "0   all of them are there\n"
                  "1   one is not, or cannot be asked for\n"
                  "2   wrong use",
    .options = tables,
    .options_size = sizeof(Options),
    .run = run_inspect,
};
static const Command *const children[] = {&list_command, &inspect_command, NULL};
const Command images_command = {
    .name = "images",
    .summary = "List the images of a run.",
    .description = DESCRIPTION,
    .examples = EXAMPLES,
    .options = tables,
    .options_size = sizeof(Options),
    .run = run_images,
    .children = children,
};
