#include "sonobuoy/cli/generation-network.h"

#include "base/text.h"
#include "sonobuoy/builtin.h"
#include "sonobuoy/network/targets.h"

#include <stdio.h>

static bool check_targets(const Generation *options, GError **error) {
    guint count = options->egress ? g_strv_length(options->egress) : 0;
    if (count > NETWORK_EGRESS_MAX) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "--egress: %u hosts are too many; at most %d are probed",
                    count, NETWORK_EGRESS_MAX);
        return false;
    }
    for (guint i = 0; i < count; i++) {
        if (network_target_parse(options->egress[i], NULL, NULL))
            continue;
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "--egress: \"%s\" is not HOST:PORT, such as quay.io:443",
                    options->egress[i]);
        return false;
    }
    return true;
}

static void set_egress(Generated *out, GStrv targets) {
    g_autofree char *list = g_strjoinv(",", targets);
    generated_set_variable(out, BUILTIN_NETWORK, NETWORK_ENV_EGRESS, list);
}

bool generation_read_network(const Generation *options, Generated *out, GError **error) {
    Plugin *plugin = generated_find_plugin(out, BUILTIN_NETWORK);
    const char *given = options->peers        ? "peers"
                        : options->egress     ? "egress"
                        : options->host_ports ? "host-ports"
                                              : NULL;
    if (given && !plugin) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE,
                    "--%s is for the plugin " BUILTIN_NETWORK ", which does not run; add --plugin " BUILTIN_NETWORK,
                    given);
        return false;
    }
    if (options->peers > NETWORK_PEERS_MAX) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "--peers: at most %d", NETWORK_PEERS_MAX);
        return false;
    }
    if (!check_targets(options, error))
        return false;
    g_autofree char *peers = g_strdup_printf("%" G_GINT64_FORMAT, options->peers);
    if (options->peers)
        generated_set_variable(out, BUILTIN_NETWORK, NETWORK_ENV_PEERS, peers);
    if (options->egress)
        set_egress(out, options->egress);
    if (options->host_ports)
        builtin_network_set_host_ports(plugin);
    return true;
}

void generation_name_egress(const Generation *options, Generated *out) {
    if (options->egress || !generated_find_plugin(out, BUILTIN_NETWORK))
        return;
    for (guint i = 0; i < out->environment->len; i++) {
        const EnvironmentChange *change = out->environment->pdata[i];
        if (g_str_equal(change->plugin, BUILTIN_NETWORK) && g_str_equal(change->name, NETWORK_ENV_EGRESS))
            return; /* --plugin-env */
    }
    g_autoptr(GError) failure = NULL;
    g_autoptr(KubeClient) client = cli_client(&options->common, 1, PATIENCE_S, &failure);
    g_auto(GStrv) targets = client ? network_targets_of_cluster(client, &failure) : NULL;
    if (targets && *targets)
        set_egress(out, targets);
    else if (failure)
        text_print(stderr,
                   "sonobuoy: no host outside the cluster is probed, as nodes cannot be read (--egress names "
                   "some): %s\n",
                   failure->message);
}
