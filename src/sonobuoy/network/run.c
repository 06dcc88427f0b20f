#include "sonobuoy/network/run.h"

#include "base/file.h"
#include "base/options.h"
#include "base/program.h"
#include "base/text.h"
#include "base/workers.h"
#include "sonobuoy/network/network.h"
#include "sonobuoy/network/probes.h"
#include "sonobuoy/network/responder.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define RESOLV_CONF "/etc/resolv.conf"
enum {
    RESOLV_CONF_MAX = 64 << 10,
    PROBE_SECONDS = 30, /* for all probes together */
    API_SECONDS = 5,    /* a request with its repetitions */
    THREADS_MAX = 64,
};

/* What the pod's environment says. */
typedef struct {
    const char *node, *pod, *namespace_, *results;
    GStrv egress;
    guint peers;
    bool host_ports;
} Settings;

static void say(const char *line) {
    text_print(stderr, "%s\n", line);
}

/* --- settings --------------------------------------------------------------------------------------------- */

static bool require(const char *name, const char **out, GError **error) {
    *out = g_getenv(name);
    if (*out && **out)
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE,
                "the variable %s is missing: this runs in a pod of the plugin " NETWORK_PLUGIN
                ", which `sonobuoy run --plugin " NETWORK_PLUGIN "` makes",
                name);
    return false;
}

static bool read_settings(Settings *out, GError **error) {
    const char *peers = g_getenv(NETWORK_ENV_PEERS), *egress = g_getenv(NETWORK_ENV_EGRESS),
               *results = g_getenv("SONOBUOY_RESULTS_DIR");
    guint64 number = NETWORK_PEERS_DEFAULT;
    if (!require("NODE_NAME", &out->node, error) || !require("POD_NAME", &out->pod, error) ||
        !require("POD_NAMESPACE", &out->namespace_, error))
        return false;
    if (peers && *peers && !g_ascii_string_to_unsigned(peers, 10, 0, NETWORK_PEERS_MAX, &number, NULL)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, NETWORK_ENV_PEERS " is no number from 0 to %d: %s",
                    NETWORK_PEERS_MAX, peers);
        return false;
    }
    out->peers = (guint)number;
    out->egress = egress && *egress ? g_strsplit(egress, ",", NETWORK_EGRESS_MAX) : g_new0(char *, 1);
    out->host_ports = g_strcmp0(g_getenv(NETWORK_ENV_HOST_PORTS), "true") == 0;
    out->results = results && *results ? results : "/tmp/sonobuoy/results";
    return true;
}

/* Name servers, and the cluster's domain: the search list has "svc.DOMAIN". */
static void read_resolv_conf(Probes *probes, char **out_domain) {
    g_autofree char *text = file_read(RESOLV_CONF, RESOLV_CONF_MAX, NULL, NULL);
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
    g_autoptr(GStrvBuilder) servers = g_strv_builder_new();
    for (char **line = lines; *line; line++) {
        g_auto(GStrv) words = g_strsplit_set(*line, " \t", -1);
        bool is_server = g_strcmp0(words[0], "nameserver") == 0, is_search = g_strcmp0(words[0], "search") == 0;
        for (char **word = words; *word && *++word;) {
            if (is_server && **word)
                g_strv_builder_add(servers, *word);
            if (is_search && g_str_has_prefix(*word, "svc.") && !*out_domain)
                *out_domain = g_strdup(*word + strlen("svc."));
        }
    }
    probes->name_servers = g_strv_builder_end(servers);
    if (!*out_domain)
        *out_domain = g_strdup("cluster.local");
}

/* Of the interface that has the pod's address; of any but the loopback where that is not known. 0: none. */
static gint64 read_mtu(const Peer *own) {
    struct ifaddrs *all = NULL;
    struct ifreq request = {0};
    const char *wanted = own && own->pod_addresses[0] ? own->pod_addresses[0] : "";
    if (getifaddrs(&all) != 0)
        return 0;
    for (struct ifaddrs *one = all; one; one = one->ifa_next) {
        Endpoint endpoint, address;
        if (!one->ifa_addr || (one->ifa_flags & IFF_LOOPBACK) ||
            (one->ifa_addr->sa_family != AF_INET && one->ifa_addr->sa_family != AF_INET6))
            continue;
        bool ipv4 = one->ifa_addr->sa_family == AF_INET;
        endpoint_from(one->ifa_addr, ipv4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6), &endpoint);
        bool is_own = endpoint_parse(wanted, 0, &address) && g_str_equal(address.text, endpoint.text);
        if (is_own || !*request.ifr_name)
            g_strlcpy(request.ifr_name, one->ifa_name, sizeof request.ifr_name);
        if (is_own)
            break;
    }
    freeifaddrs(all);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool read = fd >= 0 && *request.ifr_name && ioctl(fd, SIOCGIFMTU, &request) == 0;
    if (fd >= 0)
        close(fd);
    return read ? request.ifr_mtu : 0;
}

static KubeClient *make_client(Cancel *cancel) {
    g_autoptr(GError) failure = NULL;
    KubeConfigOptions where = {0};
    KubeConfig *config = kube_config_load(&where, &failure);
    KubeClientOptions options = {
        .user_agent = "sonobuoy/" SEAWORTHY_VERSION, .timeout_s = API_SECONDS, .cancel = cancel};
    KubeClient *client = config ? kube_client_new(config, &options, &failure) : NULL;
    if (!client)
        say(failure->message);
    return client;
}

/* --- probes, several at once ------------------------------------------------------------------------------- */

/* One thing to do: of a peer, of a node's port, of a host outside, or of the node itself. */
typedef struct {
    PeerProbe *peer;
    const Peer *port_of;
    bool ipv6;
    const char *egress;
    void (*of_node)(Probes *probes);
} Task;

typedef struct {
    Probes *probes;
    GArray *tasks; /* Task */
    atomic_uint next;
} Work;

static void do_tasks(unsigned index, void *data) {
    Work *work = data;
    for (guint i; (i = atomic_fetch_add(&work->next, 1)) < work->tasks->len;) {
        const Task *task = &g_array_index(work->tasks, Task, i);
        if (task->peer)
            probe_peer(task->peer);
        else if (task->port_of)
            probe_node_port(work->probes, task->port_of, task->ipv6);
        else if (task->egress)
            probe_egress(work->probes, task->egress);
        else
            task->of_node(work->probes);
    }
}

static void add_task(GArray *tasks, Task task) {
    g_array_append_val(tasks, task);
}

/* A task a peer and family; `out`: room for two a peer. Returns how many there are. */
static guint add_peers(Probes *probes, GArray *tasks, PeerProbe *out) {
    guint count = 0;
    for (guint i = 0; i < probes->peers->peers->len; i++)
        for (int ipv6 = 0; ipv6 < 2; ipv6++) {
            out[count] = (PeerProbe){.probes = probes, .peer = probes->peers->peers->pdata[i], .ipv6 = ipv6};
            if (probe_peer_is_there(&out[count]))
                add_task(tasks, (Task){.peer = &out[count++]});
        }
    return count;
}

static void probe_all(Probes *probes) {
    static void (*const of_node[])(Probes * probes) = {probe_api, probe_dns, probe_service};
    g_autoptr(GArray) tasks = g_array_new(false, false, sizeof(Task));
    g_autofree PeerProbe *peers = g_new0(PeerProbe, 2 * probes->peers->peers->len + 1);
    for (size_t i = 0; i < G_N_ELEMENTS(of_node); i++)
        add_task(tasks, (Task){.of_node = of_node[i]});
    for (char **target = probes->egress; *target; target++)
        add_task(tasks, (Task){.egress = *target});
    for (int ipv6 = 0; probes->peers->own && ipv6 < 2; ipv6++)
        add_task(tasks, (Task){.port_of = probes->peers->own, .ipv6 = ipv6});
    guint count = add_peers(probes, tasks, peers);
    Work work = {.probes = probes, .tasks = tasks};
    workers_join(workers_start(MIN(tasks->len, THREADS_MAX), "probe", do_tasks, &work));
    probe_quiet(peers, count);
}

/* --- the report ---------------------------------------------------------------------------------------------- */

static void describe(NetworkNode *report, const Peers *peers, gint64 mtu) {
    report->time = time_format(g_get_real_time());
    report->wanted = peers->wanted;
    report->ready = peers->ready;
    report->mtu = mtu;
    if (!peers->own)
        return;
    g_strfreev(report->pod_addresses);
    g_strfreev(report->node_addresses);
    report->pod_addresses = g_strdupv(peers->own->pod_addresses);
    report->node_addresses = g_strdupv(peers->own->node_addresses);
}

/* As the table of probes has them, then by names: threads end in any order. */
static int compare_findings(const void *a, const void *b) {
    const NetworkFinding *left = *(NetworkFinding *const *)a, *right = *(NetworkFinding *const *)b;
    if (left->probe != right->probe)
        return left->probe < right->probe ? -1 : 1;
    int order = strcmp(left->target, right->target);
    return order ? order : g_strcmp0(left->address, right->address);
}

static NetworkNode *probe(const Settings *settings, bool wait, Cancel *cancel) {
    g_autoptr(KubeClient) client = make_client(cancel);
    PeersOptions options = {.client = client,
                            .namespace_ = settings->namespace_,
                            .node = settings->node,
                            .pod = settings->pod,
                            .wanted = settings->peers,
                            .wait = wait,
                            .cancel = cancel,
                            .say = say};
    g_autoptr(Peers) peers = peers_read(&options);
    g_autofree char *domain = NULL;
    if (!peers)
        return NULL;
    gint64 begin = g_get_monotonic_time();
    Probes probes = {.node = settings->node,
                     .peers = peers,
                     .client = client,
                     .namespace_ = settings->namespace_,
                     .egress = settings->egress,
                     .host_ports = settings->host_ports,
                     .mtu = read_mtu(peers->own),
                     .cancel = cancel,
                     .deadline = begin + PROBE_SECONDS * G_USEC_PER_SEC,
                     .lock = PTHREAD_MUTEX_INITIALIZER,
                     .report = network_node_new(settings->node)};
    read_resolv_conf(&probes, &domain);
    probes.domain = domain;
    describe(probes.report, peers, probes.mtu);
    probe_all(&probes);
    probes.report->seconds = (double)(g_get_monotonic_time() - begin) / G_USEC_PER_SEC;
    g_ptr_array_sort(probes.report->findings, compare_findings);
    g_strfreev(probes.name_servers);
    pthread_mutex_destroy(&probes.lock);
    return probes.report;
}

/* One of the report's forms. */
static bool write_file(const Settings *settings, const char *name, void (*write)(const void *data, FILE *out),
                       const void *data, GError **error) {
    g_autofree char *path = g_build_filename(settings->results, name, NULL);
    g_autoptr(FileReplace) file = file_replace_new(path, error);
    if (!file)
        return false;
    write(data, file_replace_out(file));
    return file_replace_finish(file, error);
}

static void write_json(const void *node, FILE *out) {
    g_autofree char *text = network_node_write(node);
    fputs(text, out);
}

static void write_junit(const void *node, FILE *out) {
    network_node_write_junit(node, out);
}

static void write_text(const void *text, FILE *out) {
    fputs(text, out);
}

/* The worker sends the folder once there is the file `done` that names it. */
static bool hand_over(const Settings *settings, const NetworkNode *node, GError **error) {
    return write_file(settings, NETWORK_REPORT_FILE, write_json, node, error) &&
           write_file(settings, NETWORK_JUNIT_FILE, write_junit, node, error) &&
           write_file(settings, "done", write_text, settings->results, error);
}

/* --- all of it --------------------------------------------------------------------------------------------------- */

/* Names are looked up by libc for hosts outside: not for longer than other probes take. */
static void set_resolver(void) {
    g_setenv("RES_OPTIONS", "timeout:1 attempts:2 ndots:1", true);
}

int network_run(Cancel *cancel) {
    GError *error = NULL;
    Settings settings = {0};
    set_resolver();
    if (!read_settings(&settings, &error))
        return program_end(EXIT_USAGE, error);
    g_autoptr(Responder) responder = responder_start(settings.node, NETWORK_PORT, NETWORK_DENIED_PORT, &error);
    g_autoptr(NetworkNode) node = responder ? probe(&settings, true, cancel) : NULL;
    if (node)
        fprintf(stderr, "probed in %.1f s, %u findings\n", node->seconds, node->findings->len);
    bool handed_over = node && hand_over(&settings, node, &error);
    while (handed_over && cancel_sleep(cancel, G_MAXINT32, NULL))
        ;
    g_strfreev(settings.egress);
    return program_end(responder && (handed_over || !node) ? EXIT_DONE : EXIT_FAILED, error);
}

int network_run_again(Cancel *cancel, FILE *out) {
    GError *error = NULL;
    Settings settings = {0};
    set_resolver();
    if (!read_settings(&settings, &error))
        return program_end(EXIT_USAGE, error);
    g_autoptr(NetworkNode) node = probe(&settings, false, cancel);
    if (node)
        write_json(node, out);
    g_strfreev(settings.egress);
    return program_end(node ? EXIT_DONE : EXIT_FAILED, error);
}
