#include "ark/hooks.h"

#include "ark/filter.h"
#include "ark/spec.h"

#include <string.h>

#define INIT_PREFIX "init.hook.restore.velero.io/"

typedef struct {
    ArkIncludeExclude namespaces;
    Selector *selector;    /* NULL: all labels */
    GPtrArray *containers; /* yyjson_mut_val * in ArkInitHooks.doc */
} InitHook;

struct ArkInitHooks {
    yyjson_mut_doc *doc;
    GPtrArray *hooks; /* InitHook */
};

static void init_hook_free(void *data) {
    InitHook *hook = data;
    ark_include_exclude_clear(&hook->namespaces);
    selector_free(hook->selector);
    g_ptr_array_unref(hook->containers);
    g_free(hook);
}

void ark_init_hooks_free(ArkInitHooks *hooks) {
    if (!hooks)
        return;
    g_ptr_array_unref(hooks->hooks);
    yyjson_mut_doc_free(hooks->doc);
    g_free(hooks);
}

static void take_names(GPtrArray *names, yyjson_val *array) {
    g_auto(GStrv) texts = json_strings(array);
    for (char **text = texts; *text; text++)
        g_ptr_array_add(names, g_strdup(*text));
}

static bool read_containers(ArkInitHooks *hooks, InitHook *hook, const char *name, yyjson_val *post, GError **error) {
    size_t index, count, inner, inner_count;
    yyjson_val *one, *container;
    yyjson_arr_foreach(post, index, count, one) {
        yyjson_arr_foreach(json_get(one, "init", "initContainers"), inner, inner_count, container) {
            const char *container_name = json_get_string(container, "name"),
                       *image = json_get_string(container, "image");
            if (!container_name || !*container_name || !image || !*image ||
                yyjson_arr_size(json_get(container, "command")) == 0) {
                g_set_error(error, BASE_ERROR, BASE_ERROR_INVALID,
                            "hook \"%s\": an init container needs a name, an image and a command", name);
                return false;
            }
            g_ptr_array_add(hook->containers, yyjson_val_mut_copy(hooks->doc, container));
        }
    }
    return true;
}

static bool read_hook(ArkInitHooks *hooks, yyjson_val *resource, GError **error) {
    const char *name = json_get_string(resource, "name");
    InitHook *hook = g_new0(InitHook, 1);
    ark_include_exclude_init(&hook->namespaces);
    hook->containers = g_ptr_array_new();
    g_ptr_array_add(hooks->hooks, hook);
    take_names(hook->namespaces.includes, json_get(resource, "includedNamespaces"));
    take_names(hook->namespaces.excludes, json_get(resource, "excludedNamespaces"));
    yyjson_val *labels = json_get(resource, "labelSelector");
    if (labels && !yyjson_is_null(labels) && !(hook->selector = selector_from_json(labels, error))) {
        g_prefix_error(error, "hook \"%s\": ", name ? name : "");
        return false;
    }
    return read_containers(hooks, hook, name ? name : "", json_get(resource, "postHooks"), error);
}

ArkInitHooks *ark_init_hooks_read(yyjson_val *hooks_spec, GError **error) {
    g_autoptr(ArkInitHooks) hooks = g_new0(ArkInitHooks, 1);
    hooks->doc = yyjson_mut_doc_new(NULL);
    hooks->hooks = g_ptr_array_new_with_free_func(init_hook_free);
    size_t index, count;
    yyjson_val *resource;
    yyjson_arr_foreach(json_get(hooks_spec, "resources"), index, count, resource) {
        if (!read_hook(hooks, resource, error))
            return NULL;
    }
    return g_steal_pointer(&hooks);
}

/* A JSON array of words, or one word. */
static yyjson_mut_val *command_of(yyjson_mut_doc *doc, const char *text) {
    if (*text == '[') {
        g_autoptr(yyjson_doc) array = json_parse(text, strlen(text), "command", NULL);
        if (array && yyjson_is_arr(yyjson_doc_get_root(array)))
            return yyjson_val_mut_copy(doc, yyjson_doc_get_root(array));
    }
    yyjson_mut_val *command = yyjson_mut_arr(doc);
    yyjson_mut_arr_add_strcpy(doc, command, text);
    return command;
}

/* The container that annotations ask for, or NULL. */
static yyjson_mut_val *annotated_container(yyjson_mut_doc *doc, yyjson_mut_val *annotations) {
    const char *image = json_mut_get_string(annotations, INIT_PREFIX "container-image"),
               *name = json_mut_get_string(annotations, INIT_PREFIX "container-name"),
               *command = json_mut_get_string(annotations, INIT_PREFIX "command");
    if (!image || !*image)
        return NULL;
    g_autofree char *made = g_strdup_printf("velero-restore-init-%08x", g_random_int());
    yyjson_mut_val *container = yyjson_mut_obj(doc);
    json_mut_set_string(doc, container, "name", name && *name ? name : made);
    json_mut_set_string(doc, container, "image", image);
    if (command && *command)
        json_mut_set(doc, container, "command", command_of(doc, command));
    return container;
}

/* --- labels of a mutable object, for the selector --- */

static bool selects(const InitHook *hook, const char *namespace_, yyjson_val *labels) {
    return ark_include_exclude_has(&hook->namespaces, namespace_) &&
           (!hook->selector || selector_matches(hook->selector, labels));
}

static void add_chosen(const ArkInitHooks *hooks, const char *namespace_, yyjson_mut_doc *doc, yyjson_mut_val *list) {
    yyjson_mut_val *mutable_labels = json_mut_get(yyjson_mut_doc_get_root(doc), "metadata", "labels");
    g_autoptr(yyjson_doc) labels = yyjson_mut_val_imut_copy(mutable_labels, NULL);
    for (guint i = 0; i < hooks->hooks->len; i++) {
        const InitHook *hook = g_ptr_array_index(hooks->hooks, i);
        if (!selects(hook, namespace_, yyjson_doc_get_root(labels)))
            continue;
        for (guint k = 0; k < hook->containers->len; k++)
            yyjson_mut_arr_append(list, yyjson_mut_val_mut_copy(doc, g_ptr_array_index(hook->containers, k)));
    }
}

void ark_init_hooks_apply(const ArkInitHooks *hooks, const char *namespace_, yyjson_mut_doc *pod) {
    yyjson_mut_val *root = yyjson_mut_doc_get_root(pod), *list = yyjson_mut_arr(pod);
    yyjson_mut_val *asked = annotated_container(pod, json_mut_get(root, "metadata", "annotations"));
    if (asked)
        yyjson_mut_arr_append(list, asked);
    else if (hooks)
        add_chosen(hooks, namespace_, pod, list);
    if (yyjson_mut_arr_size(list) == 0)
        return;
    yyjson_mut_val *spec = json_mut_ensure_object(pod, root, "spec");
    yyjson_mut_val *own = yyjson_mut_obj_get(spec, "initContainers"), *container;
    /* The one that waits for restored volume data stays first. */
    container = yyjson_mut_arr_get_first(own);
    if (g_strcmp0(json_mut_get_string(container, "name"), "restore-wait") == 0)
        yyjson_mut_arr_prepend(list, yyjson_mut_arr_remove_first(own));
    while ((container = yyjson_mut_arr_remove_first(own)))
        yyjson_mut_arr_append(list, container);
    json_mut_set(pod, spec, "initContainers", list);
}

/* --- commands, which are not run --- */

bool ark_hooks_spec_has_commands(yyjson_val *hooks, ArkHooksStage stage) {
    size_t index, count, inner, inner_count;
    yyjson_val *resource, *hook;
    yyjson_arr_foreach(json_get(hooks, "resources"), index, count, resource) {
        if (stage == ARK_HOOKS_BACKUP &&
            (json_get(resource, "pre") || json_get(resource, "post") || json_get(resource, "hooks")))
            return true;
        yyjson_arr_foreach(json_get(resource, "postHooks"), inner, inner_count, hook) {
            if (json_get(hook, "exec"))
                return true;
        }
    }
    return false;
}

const char *ark_hooks_command(yyjson_val *annotations, ArkHooksStage stage) {
    static const char *const backup[] = {"pre.hook.backup.velero.io/command", "post.hook.backup.velero.io/command",
                                         "hook.backup.velero.io/command", NULL};
    static const char *const restore[] = {"post.hook.restore.velero.io/command", NULL};
    for (const char *const *name = stage == ARK_HOOKS_BACKUP ? backup : restore; *name; name++)
        if (json_get(annotations, *name))
            return *name;
    return NULL;
}
