/* Registries of images, as pulls of the last hour tell of the way out. */
#include "sonobuoy/check/areas.h"

#include <string.h>

enum { RECENT_MINUTES = 60 };

typedef struct {
    guint pulled, failed;
    gint64 pulled_ago, failed_ago; /* minutes, of the last one */
    const char *message;           /* of the last failure */
    const char *image_end;         /* where, in it, its own words begin */
} Registry;

/* The host of an image's name: before the first slash, where it looks like one; else Docker Hub. g_free() it. */
static char *registry_of(const char *image, size_t length) {
    const char *slash = memchr(image, '/', length);
    size_t host = slash ? (size_t)(slash - image) : 0;
    bool is_host =
        host && (memchr(image, '.', host) || memchr(image, ':', host) || strncmp(image, "localhost", host) == 0);
    return is_host ? g_strndup(image, host) : g_strdup("docker.io");
}

/* The image in quotes in a message of the kubelet; NULL. */
static char *registry_in(const char *message, const char **out_rest) {
    const char *begin = strchr(message, '"'), *end = begin ? strchr(begin + 1, '"') : NULL;
    if (!end || end == begin + 1)
        return NULL;
    *out_rest = end + 1;
    return registry_of(begin + 1, (size_t)(end - begin - 1));
}

static void count_event(const Snapshot *snapshot, GHashTable *registries, yyjson_val *event) {
    const char *reason = json_get_string(event, "reason"), *message = json_get_string(event, "message"), *rest;
    gint64 minutes = event_minutes(snapshot, event);
    bool failed = g_strcmp0(reason, "Failed") == 0, pulled = g_strcmp0(reason, "Pulled") == 0;
    if (!message || minutes < 0 || minutes > RECENT_MINUTES ||
        !((failed && g_str_has_prefix(message, "Failed to pull image")) ||
          (pulled && g_str_has_prefix(message, "Successfully pulled image"))))
        return;
    char *host = registry_in(message, &rest);
    if (!host)
        return;
    Registry *registry = g_hash_table_lookup(registries, host);
    if (!registry) {
        registry = g_new0(Registry, 1);
        registry->pulled_ago = registry->failed_ago = G_MAXINT64;
        g_hash_table_insert(registries, host, registry);
    } else {
        g_free(host);
    }
    guint times = (guint)CLAMP(json_int(json_get(event, "count"), 1), 1, G_MAXUINT16);
    if (pulled) {
        registry->pulled += times;
        registry->pulled_ago = MIN(registry->pulled_ago, minutes);
        return;
    }
    registry->failed += times;
    if (minutes > registry->failed_ago)
        return;
    registry->failed_ago = minutes;
    registry->message = message;
    registry->image_end = rest;
}

/* What went wrong, by what the kubelet says. */
typedef struct {
    const char *sign, *cause, *advice;
    bool fails;
} Cause;
#define EGRESS \
    "Let the nodes out to %s, port 443, or give the runtime a proxy or a mirror; try on a node: crictl pull IMAGE"
static const Cause causes[] = {
    {"no such host", "its name does not resolve on the node",
     "Look at the node's own name servers (/etc/resolv.conf) and at the spelling of %s.", true},
    {"server misbehaving", "its name does not resolve on the node",
     "Look at the node's own name servers (/etc/resolv.conf) for %s.", true},
    {"x509", "its certificate is not trusted by the node",
     "Give the runtime the CA of %s (containerd: certs.d/HOST/hosts.toml), or look at the proxy between.", true},
    {"toomanyrequests", "it limits how much is pulled",
     "Log in at %s (imagePullSecrets), or pull through a mirror of your own.", false},
    {"429", "it limits how much is pulled", "Log in at %s (imagePullSecrets), or pull through a mirror of your own.",
     false},
    {"unauthorized", "it wants credentials",
     "kubectl create secret docker-registry NAME --docker-server=%s ..., and name it in imagePullSecrets.", false},
    {"denied", "it refuses these credentials, or the image is not there",
     "Look at the image's name and at the imagePullSecrets for %s.", false},
    {"403 Forbidden", "it refuses", "Look at the imagePullSecrets for %s, and at proxies between.", false},
    {"connection refused", "nothing answers there", EGRESS, true},
    {"i/o timeout", "it is not reached from the node: egress is blocked", EGRESS, true},
    {"deadline exceeded", "it is not reached from the node: egress is blocked", EGRESS, true},
    {"no route to host", "it is not reached from the node: egress is blocked", EGRESS, true},
    {"network is unreachable", "it is not reached from the node: egress is blocked", EGRESS, true},
    {"connection reset", "connections to it are cut", EGRESS, true},
    {"Client.Timeout", "it is not reached from the node: egress is blocked", EGRESS, true},
    {"not found", "the image is not there", "Look at the image's name and tag; %s answers.", false},
    {"manifest unknown", "the image is not there", "Look at the image's name and tag; %s answers.", false},
};

/* The first of the table that the message tells of: a blocked way may be told of behind it in the same text. */
static const Cause *cause_of(const char *message) {
    for (size_t i = 0; i < G_N_ELEMENTS(causes); i++)
        if (strstr(message, causes[i].sign))
            return &causes[i];
    return NULL;
}

static void check_registry(CheckResult *result, const char *host, const Registry *registry) {
    g_autofree char *object = g_strconcat("Registry ", host, NULL);
    const Cause *cause = cause_of(registry->image_end);
    bool works = registry->pulled_ago <= registry->failed_ago;
    g_autofree char *after = works ? g_strdup_printf("; %u pulls worked, the last %" G_GINT64_FORMAT " min ago",
                                                     registry->pulled, registry->pulled_ago)
                                   : g_strdup("");
    (cause && cause->fails && !works ? check_fail : check_warn)(
        result, object, "%s: %u pulls failed within the hour, the last %" G_GINT64_FORMAT " min ago%s: %s",
        cause ? cause->cause : "pulls fail", registry->failed, registry->failed_ago, after, registry->message);
    if (!cause)
        return;
    g_auto(GStrv) parts = g_strsplit(cause->advice, "%s", 2);
    check_advise(result, "%s%s%s", parts[0], host, parts[1]);
}

void check_registries(Snapshot *snapshot, CheckResult *result) {
    const GPtrArray *events = snapshot_list(snapshot, SNAPSHOT_EVENTS)->items;
    g_autoptr(GHashTable) registries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (guint i = 0; i < events->len; i++)
        count_event(snapshot, registries, events->pdata[i]);
    GHashTableIter iter;
    void *host, *registry;
    guint pulled = 0;
    g_hash_table_iter_init(&iter, registries);
    while (g_hash_table_iter_next(&iter, &host, &registry)) {
        pulled += ((const Registry *)registry)->pulled;
        if (((const Registry *)registry)->failed)
            check_registry(result, host, registry);
    }
    check_summary(result, "%u pulls from %u registries within the hour", pulled, g_hash_table_size(registries));
}
