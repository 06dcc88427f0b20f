#include "kube/object.h"

#include <string.h>

/* As the API server has it (path segment names), so that no request goes to anything but the
 * object: an empty name would delete all of a kind, ".." what is above. */
static bool check_name(const KubeResource *resource, const char *what, const char *name, GError **error) {
    if (*name && !g_str_equal(name, ".") && !g_str_equal(name, "..") && !strpbrk(name, "/%"))
        return true;
    g_autofree char *shown = g_strescape(name, NULL);
    g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID, "%s: \"%s\" cannot be %s", resource->group_resource, shown,
                what);
    return false;
}

static bool check_names(const KubeResource *resource, const char *namespace_, const char *name, GError **error) {
    return (!namespace_ || !resource->namespaced || check_name(resource, "a namespace", namespace_, error)) &&
           (!name || check_name(resource, "an object's name", name, error));
}

char *kube_object_path(const KubeResource *resource, const char *namespace_, const char *name) {
    GString *path = g_string_new(resource->base_path);
    if (resource->namespaced && namespace_) {
        g_autofree char *escaped = http_escape(namespace_, NULL);
        g_string_append_printf(path, "/namespaces/%s", escaped);
    }
    g_string_append_printf(path, "/%s", resource->name);
    if (name) {
        g_autofree char *escaped = http_escape(name, ":");
        g_string_append_printf(path, "/%s", escaped);
    }
    return g_string_free(path, FALSE);
}

yyjson_doc *kube_object_get(KubeClient *client, const KubeResource *resource, const char *namespace_, const char *name,
                            GError **error) {
    if (!check_names(resource, namespace_, name, error))
        return NULL;
    g_autofree char *path = kube_object_path(resource, namespace_, name);
    return kube_client_get(client, path, error);
}

char *kube_cluster_uid(KubeClient *client) {
    g_autoptr(yyjson_doc) doc = kube_client_get(client, "/api/v1/namespaces/kube-system", NULL);
    return g_strdup(json_get_string(yyjson_doc_get_root(doc), "metadata", "uid"));
}

/* Appends "?fieldManager=X" or "&fieldManager=X". */
static char *with_query(char *path, const char *field_manager, const char *more) {
    g_autofree char *base = path;
    GString *out = g_string_new(base);
    const char *separator = "?";
    if (field_manager) {
        g_autofree char *escaped = http_escape(field_manager, NULL);
        g_string_append_printf(out, "?fieldManager=%s", escaped);
        separator = "&";
    }
    if (more)
        g_string_append_printf(out, "%s%s", separator, more);
    return g_string_free(out, FALSE);
}

static bool send_body(KubeClient *client, const KubeRequest *request, yyjson_doc **out, GError **error) {
    g_auto(HttpResponse) response = {0};
    if (!kube_client_request(client, request, &response, error))
        return false;
    if (!out)
        return true;
    *out = json_parse((const char *)response.body->data, response.body->len, request->path, error);
    return *out != NULL;
}

bool kube_object_create(KubeClient *client, const KubeResource *resource, const char *namespace_, const char *body,
                        size_t length, const char *field_manager, yyjson_doc **out, GError **error) {
    if (!check_names(resource, namespace_, NULL, error))
        return false;
    g_autofree char *path = with_query(kube_object_path(resource, namespace_, NULL), field_manager, NULL);
    KubeRequest request = {.method = "POST", .path = path, .body = body, .body_length = length};
    return send_body(client, &request, out, error);
}

bool kube_object_patch(KubeClient *client, const KubeResource *resource, const char *namespace_, const char *name,
                       const char *subresource, KubePatchKind kind, const char *body, size_t length,
                       const char *field_manager, yyjson_doc **out, GError **error) {
    static const char *const types[] = {
        [KUBE_PATCH_JSON] = "application/json-patch+json",
        [KUBE_PATCH_MERGE] = "application/merge-patch+json",
        [KUBE_PATCH_STRATEGIC] = "application/strategic-merge-patch+json",
        [KUBE_PATCH_APPLY] = "application/apply-patch+yaml",
    };
    if (!check_names(resource, namespace_, name, error))
        return false;
    g_autofree char *object = kube_object_path(resource, namespace_, name);
    char *whole = subresource ? g_strdup_printf("%s/%s", object, subresource) : g_strdup(object);
    g_autofree char *path = with_query(whole, field_manager, kind == KUBE_PATCH_APPLY ? "force=true" : NULL);
    KubeRequest request = {
        .method = "PATCH", .path = path, .content_type = types[kind], .body = body, .body_length = length};
    return send_body(client, &request, out, error);
}

bool kube_object_delete(KubeClient *client, const KubeResource *resource, const char *namespace_, const char *name,
                        const char *propagation, GError **error) {
    /* Without a name it would be all of them. */
    if (!check_names(resource, namespace_, name ? name : "", error))
        return false;
    char *object = kube_object_path(resource, namespace_, name);
    g_autofree char *more = propagation ? g_strdup_printf("propagationPolicy=%s", propagation) : NULL;
    g_autofree char *path = with_query(object, NULL, more);
    KubeRequest request = {.method = "DELETE", .path = path};
    return send_body(client, &request, NULL, error);
}
