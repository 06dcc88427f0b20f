/* Admission webhooks: can they be reached and trusted, and what do they hold up? */
#include "sonobuoy/check/areas.h"

#include "base/selector.h"
#include "base/text.h"

#include <string.h>

typedef struct {
    yyjson_val *configuration, *webhook;
    char *object; /* "ValidatingWebhookConfiguration policy (pods.policy.example.org)" */
    bool fails;   /* what it should look at is refused where it does not answer */
} Webhook;

static void webhook_free(Webhook *webhook) {
    g_free(webhook->object);
    g_free(webhook);
}

static void add_webhooks(GPtrArray *found, const GPtrArray *configurations, const char *kind) {
    for (guint i = 0; i < configurations->len; i++) {
        size_t index, count;
        yyjson_val *value;
        yyjson_arr_foreach(json_get(configurations->pdata[i], "webhooks"), index, count, value) {
            Webhook *webhook = g_new0(Webhook, 1);
            const char *name = json_get_string(value, "name");
            g_autofree char *object = check_object(kind, configurations->pdata[i]);
            webhook->configuration = configurations->pdata[i];
            webhook->webhook = value;
            webhook->object = g_strdup_printf("%s (%s)", object, name ? name : "?");
            webhook->fails = g_strcmp0(json_get_string(value, "failurePolicy"), "Ignore") != 0;
            g_ptr_array_add(found, webhook);
        }
    }
}

static GPtrArray *all_webhooks(const Snapshot *snapshot) {
    GPtrArray *found = g_ptr_array_new_with_free_func((GDestroyNotify)webhook_free);
    add_webhooks(found, snapshot_list(snapshot, SNAPSHOT_VALIDATING_WEBHOOKS)->items, "ValidatingWebhookConfiguration");
    add_webhooks(found, snapshot_list(snapshot, SNAPSHOT_MUTATING_WEBHOOKS)->items, "MutatingWebhookConfiguration");
    return found;
}

/* --- the service behind it ------------------------------------------------------------------------------------- */

static void find(CheckResult *result, bool fails, const char *object, const char *format, ...) G_GNUC_PRINTF(4, 5);
static void find(CheckResult *result, bool fails, const char *object, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    (fails ? check_fail : check_warn)(result, object, "%s", text);
}

/* The service, of the list or, where that is of one namespace only, of the server. NULL: there is none; `*out_seen` is
 * false where that may not be known. */
static yyjson_val *find_service(Snapshot *snapshot, const char *space, const char *name, bool *out_seen) {
    yyjson_val *service = snapshot_find(snapshot, SNAPSHOT_SERVICES, space, name);
    *out_seen = true;
    if (service || snapshot_is_archive(snapshot))
        return service;
    g_autofree char *space_part = http_escape(space, NULL), *name_part = http_escape(name, NULL),
                    *path = g_strdup_printf("/api/v1/namespaces/%s/services/%s", space_part, name_part);
    const SnapshotAnswer *answer = snapshot_get(snapshot, path);
    *out_seen = !answer->error || answer->status == 404;
    return !answer->error && answer->json ? yyjson_doc_get_root(answer->json) : NULL;
}

static guint ready_in_slice(yyjson_val *slice) {
    size_t index, count;
    guint ready = 0;
    yyjson_val *endpoint;
    yyjson_arr_foreach(json_get(slice, "endpoints"), index, count, endpoint) {
        yyjson_val *condition = json_get(endpoint, "conditions", "ready");
        ready += !yyjson_is_false(condition); /* none means ready */
    }
    return ready;
}

/* Endpoints that are ready; -1 where they may not be seen. */
static int ready_endpoints(Snapshot *snapshot, const char *space, const char *name) {
    const GPtrArray *slices = snapshot_list(snapshot, SNAPSHOT_ENDPOINT_SLICES)->items;
    guint ready = 0;
    for (guint i = 0; i < slices->len; i++)
        if (g_strcmp0(namespace_of(slices->pdata[i]), space) == 0 &&
            g_strcmp0(json_get_string(slices->pdata[i], "metadata", "labels", "kubernetes.io/service-name"), name) == 0)
            ready += ready_in_slice(slices->pdata[i]);
    if (ready || snapshot_is_archive(snapshot))
        return (int)ready;
    g_autofree char *space_part = http_escape(space, NULL), *name_part = http_escape(name, NULL),
                    *path = g_strdup_printf("/apis/discovery.k8s.io/v1/namespaces/%s/endpointslices?labelSelector="
                                            "kubernetes.io%%2Fservice-name%%3D%s",
                                            space_part, name_part);
    const SnapshotAnswer *answer = snapshot_get(snapshot, path);
    size_t index, count;
    yyjson_val *slice;
    if (answer->error)
        return -1;
    yyjson_arr_foreach(answer->json ? json_get(yyjson_doc_get_root(answer->json), "items") : NULL, index, count,
                       slice) {
        ready += ready_in_slice(slice);
    }
    return (int)ready;
}

static bool has_port(yyjson_val *service, gint64 wanted) {
    size_t index, count;
    yyjson_val *port;
    yyjson_arr_foreach(json_get(service, "spec", "ports"), index, count, port) {
        if (json_int(json_get(port, "port"), 0) == wanted)
            return true;
    }
    return false;
}

bool webhook_service_check(Snapshot *snapshot, CheckResult *result, const char *object, yyjson_val *client_config,
                           bool fails) {
    yyjson_val *target = json_get(client_config, "service");
    const char *space = json_get_string(target, "namespace"), *name = json_get_string(target, "name");
    gint64 port = json_int(json_get(target, "port"), 443);
    bool seen;
    if (!space || !name) /* a URL: only a call can tell */
        return true;
    yyjson_val *service = find_service(snapshot, space, name, &seen);
    if (!seen)
        return true;
    if (!service) {
        find(result, fails, object, "its service %s/%s is not there", space, name);
        return false;
    }
    if (!has_port(service, port)) {
        find(result, fails, object, "its service %s/%s has no port %" G_GINT64_FORMAT, space, name, port);
        check_advise(result, "Correct clientConfig.service.port, or the service's ports");
        return false;
    }
    if (g_strcmp0(json_get_string(service, "spec", "type"), "ExternalName") == 0 ||
        ready_endpoints(snapshot, space, name) != 0)
        return true;
    find(result, fails, object, "its service %s/%s has no endpoint that is ready: its pods do not run", space, name);
    check_advise(result, "kubectl -n %s get endpointslices,pods -o wide: bring the pods of service %s up", space, name);
    return false;
}

void check_webhooks_reachable(Snapshot *snapshot, CheckResult *result) {
    g_autoptr(GPtrArray) webhooks = all_webhooks(snapshot);
    for (guint i = 0; i < webhooks->len; i++) {
        const Webhook *webhook = webhooks->pdata[i];
        webhook_service_check(snapshot, result, webhook->object, json_get(webhook->webhook, "clientConfig"),
                              webhook->fails);
    }
    check_summary(result, "%u webhooks", webhooks->len);
}

/* --- trust ----------------------------------------------------------------------------------------------------------
 */

/* The certificate that ends last is what counts: others may be there for a change of authorities. */
static const Certificate *last_to_end(const GPtrArray *certificates) {
    const Certificate *last = certificates->pdata[0];
    for (guint i = 1; i < certificates->len; i++) {
        const Certificate *certificate = certificates->pdata[i];
        last = certificate->not_after > last->not_after ? certificate : last;
    }
    return last;
}

bool webhook_trust_check(Snapshot *snapshot, CheckResult *result, const char *object, yyjson_val *client_config,
                         bool fails) {
    const char *bundle = json_get_string(client_config, "caBundle");
    g_autoptr(GError) failure = NULL;
    if (!bundle || !*bundle) {
        if (!yyjson_is_obj(json_get(client_config, "service")))
            return true; /* a URL's certificate may be of an authority that the system trusts */
        find(result, fails, object, "it has no caBundle: no certificate of a service in the cluster is trusted then");
        check_advise(result, "Fill in clientConfig.caBundle; where a program does that (cert-manager's cainjector), "
                             "look at its log");
        return false;
    }
    g_autoptr(GPtrArray) certificates = certificates_read_base64(bundle, &failure);
    if (!certificates) {
        find(result, fails, object, "its caBundle is no use: %s", failure->message);
        return false;
    }
    const Certificate *last = last_to_end(certificates);
    if (!fails && last->not_after <= snapshot_now(snapshot)) {
        g_autofree char *until = time_format(last->not_after);
        check_warn(result, object, "its caBundle (%s) ended at %s", last->subject, until);
        return false;
    }
    return !check_certificate_end(snapshot, result, object, "its caBundle", last);
}

void check_webhooks_trust(Snapshot *snapshot, CheckResult *result) {
    g_autoptr(GPtrArray) webhooks = all_webhooks(snapshot);
    for (guint i = 0; i < webhooks->len; i++) {
        const Webhook *webhook = webhooks->pdata[i];
        webhook_trust_check(snapshot, result, webhook->object, json_get(webhook->webhook, "clientConfig"),
                            webhook->fails);
    }
    check_summary(result, "%u webhooks", webhooks->len);
}

/* --- what they hold up -------------------------------------------------------------------------------------------- */

static bool has_text(yyjson_val *array, const char *text) {
    size_t index, count;
    yyjson_val *value;
    yyjson_arr_foreach(array, index, count, value) {
        if (g_strcmp0(yyjson_get_str(value), text) == 0)
            return true;
    }
    return false;
}

static bool takes_everything(yyjson_val *webhook) {
    size_t index, count;
    yyjson_val *rule;
    yyjson_arr_foreach(json_get(webhook, "rules"), index, count, rule) {
        yyjson_val *resources = json_get(rule, "resources");
        if (has_text(json_get(rule, "apiGroups"), "*") && (has_text(resources, "*") || has_text(resources, "*/*")))
            return true;
    }
    return false;
}

/* Whether its selectors or conditions leave kube-system alone. */
static bool spares_kube_system(const Snapshot *snapshot, yyjson_val *webhook) {
    static const char labels_text[] = "{\"kubernetes.io/metadata.name\":\"kube-system\"}";
    yyjson_val *space = snapshot_find(snapshot, SNAPSHOT_NAMESPACES, NULL, "kube-system"), *condition;
    g_autoptr(yyjson_doc) standard = json_parse(labels_text, strlen(labels_text), "labels", NULL);
    yyjson_val *labels = json_get(space, "metadata", "labels");
    labels = labels ? labels : yyjson_doc_get_root(standard);
    g_autoptr(Selector) spaces = selector_from_json(json_get(webhook, "namespaceSelector"), NULL),
                        objects = selector_from_json(json_get(webhook, "objectSelector"), NULL);
    if ((spaces && !selector_matches(spaces, labels)) || (objects && !selector_is_empty(objects)))
        return true;
    size_t index, count;
    yyjson_arr_foreach(json_get(webhook, "matchConditions"), index, count, condition) {
        const char *expression = json_get_string(condition, "expression");
        if (expression && strstr(expression, "kube-system"))
            return true;
    }
    return false;
}

void check_webhooks_dangerous(Snapshot *snapshot, CheckResult *result) {
    g_autoptr(GPtrArray) webhooks = all_webhooks(snapshot);
    for (guint i = 0; i < webhooks->len; i++) {
        const Webhook *webhook = webhooks->pdata[i];
        if (webhook->fails && takes_everything(webhook->webhook) && !spares_kube_system(snapshot, webhook->webhook))
            check_warn(result, webhook->object,
                       "it takes every kind, kube-system's too, and refuses all where it does "
                       "not answer (failurePolicy Fail)");
    }
    check_summary(result, "%u webhooks", webhooks->len);
}

void check_webhooks_patience(Snapshot *snapshot, CheckResult *result) {
    enum { SECONDS_MAX = 10 };
    g_autoptr(GPtrArray) webhooks = all_webhooks(snapshot);
    for (guint i = 0; i < webhooks->len; i++) {
        const Webhook *webhook = webhooks->pdata[i];
        gint64 seconds = json_int(json_get(webhook->webhook, "timeoutSeconds"), SECONDS_MAX);
        if (seconds > SECONDS_MAX)
            check_warn(result, webhook->object, "the API server waits %" G_GINT64_FORMAT " s for it", seconds);
    }
    check_summary(result, "%u webhooks", webhooks->len);
}

/* --- calls that fail ------------------------------------------------------------------------------------------------
 */

static bool is_calling_error(const MetricSample *sample) {
    const char *type = metric_label(sample, "error_type");
    return !*type || g_str_equal(type, "calling_webhook_error"); /* fail_open_count has no such label */
}

/* Failed calls of a webhook, by both counters. */
static double failed_calls(const Metrics *metrics, const char *name) {
    static const char *const counters[] = {"apiserver_admission_webhook_rejection_count",
                                           "apiserver_admission_webhook_fail_open_count"};
    double failed = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(counters); i++) {
        const GPtrArray *samples = metrics_samples(metrics, counters[i]);
        for (guint j = 0; j < samples->len; j++)
            if (g_str_equal(metric_label(samples->pdata[j], "name"), name) && is_calling_error(samples->pdata[j]))
                failed += ((const MetricSample *)samples->pdata[j])->value;
    }
    return failed;
}

static double calls(const Metrics *metrics, const char *name) {
    const GPtrArray *samples = metrics_samples(metrics, "apiserver_admission_webhook_admission_duration_seconds_count");
    double all = 0;
    for (guint i = 0; i < samples->len; i++)
        if (g_str_equal(metric_label(samples->pdata[i], "name"), name))
            all += ((const MetricSample *)samples->pdata[i])->value;
    return all;
}

/* Of those that are configured: what others did is over. */
void check_webhooks_failing(Snapshot *snapshot, CheckResult *result) {
    enum { PERCENT = 1 };
    const Metrics *before = api_metrics(snapshot, result, false);
    const Metrics *now = before ? api_metrics(snapshot, result, true) : NULL;
    g_autoptr(GPtrArray) webhooks = all_webhooks(snapshot);
    for (guint i = 0; now && i < webhooks->len; i++) {
        const Webhook *webhook = webhooks->pdata[i];
        const char *name = json_get_string(webhook->webhook, "name");
        double failed = name ? failed_calls(now, name) : 0, grown = name ? failed - failed_calls(before, name) : 0,
               all = MAX(name ? calls(now, name) : 0, failed);
        if (grown > 0)
            find(result, webhook->fails, webhook->object,
                 "%.0f calls failed within a second, %.0f since the API "
                 "server's start",
                 grown, failed);
        else if (failed > 0 && failed * 100 >= all * PERCENT)
            check_warn(result, webhook->object, "%.0f of %.0f calls failed since the API server's start", failed, all);
    }
    check_summary(result, "%u webhooks", webhooks->len);
}
