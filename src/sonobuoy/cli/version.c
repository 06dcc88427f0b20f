/* sonobuoy version */
#include "base/text.h"
#include "kube/discovery.h"
#include "sonobuoy/cli/commands.h"
#include "sonobuoy/cli/common.h"
#include "sonobuoy/preflight.h"

#include <stdio.h>
#include <sys/utsname.h>

#define KUBERNETES_MAXIMUM "1.99.99"

typedef struct {
    Common common;
    bool brief;
} Options;

/* As Go names it: "linux/amd64". g_free() it. */
static char *platform(void) {
    static const char *const names[][2] = {
        {"x86_64", "amd64"}, {"aarch64", "arm64"}, {"armv7l", "arm"}, {"i686", "386"}, {"ppc64le", "ppc64le"}};
    struct utsname system;
    if (uname(&system) != 0)
        return g_strdup("unknown");
    const char *machine = system.machine;
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (g_str_equal(machine, names[i][0]))
            machine = names[i][1];
    g_autofree char *name = g_ascii_strdown(system.sysname, -1);
    return g_strdup_printf("%s/%s", name, machine);
}

static bool print_cluster(const Common *common, GError **error) {
    KubeVersion version = {0};
    g_autoptr(KubeClient) client = cli_client(common, 1, PATIENCE_S, error);
    bool asked = client && kube_version_get(client, &version, error);
    if (asked)
        text_print(stdout, "API Version:  %s\n", version.git_version ? version.git_version : "unknown");
    else
        puts("API Version check skipped due to missing `--kubeconfig` or other error");
    kube_version_clear(&version);
    return asked;
}

static int run_version(const CommandCall *call, void *data) {
    const Options *options = data;
    if (options->brief) {
        puts("v" SEAWORTHY_VERSION);
        return EXIT_DONE;
    }
    g_autofree char *where = platform();
    printf("Sonobuoy Version: v" SEAWORTHY_VERSION "\n"
           "MinimumKubeVersion: " PREFLIGHT_VERSION_MIN ".0\n"
           "MaximumKubeVersion: " KUBERNETES_MAXIMUM "\n"
           "Platform: %s\n",
           where);
    fflush(stdout);
    GError *error = NULL;
    bool asked_for = command_given(call, kube_options);
    if (print_cluster(&options->common, &error))
        return EXIT_DONE;
    /* No cluster need be configured. */
    if (!asked_for && g_error_matches(error, BASE_ERROR, BASE_ERROR_USAGE))
        g_clear_error(&error);
    else
        g_prefix_error(&error, "the cluster's version is not known: ");
    if (error)
        program_end(EXIT_FAILED, error);
    return asked_for ? EXIT_PARTLY : EXIT_DONE;
}

static const Option own_options[] = {
    {.name = "short",
     .kind = OPTION_FLAG,
     .offset = offsetof(Options, brief),
     .help = "Print this program's version alone."},
    {0},
};
static const Option *const tables[] = {own_options, kube_options, log_options, NULL};
const Command version_command = {
    .name = "version",
    .summary = "Print the versions of sonobuoy and of the cluster.",
    .description = "The cluster is the one that --kubeconfig or --context name, else the one that is configured.",
    .examples = "sonobuoy version --short\nsonobuoy version --kubeconfig ~/clusters/eu1",
    .exit_codes = "0   the versions are printed; that of the cluster where it answers\n"
                  "2   wrong use\n"
                  "3   that of the cluster was asked for by --kubeconfig or --context, and is not known",
    .options = tables,
    .options_size = sizeof(Options),
    .run = run_version,
};
