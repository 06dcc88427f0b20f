#include "ark/export.h"

#include "ark/tree.h"
#include "base/yaml.h"

#include <string.h>

typedef struct {
    const ArkIndexKind *kind;
    const ArkEntry *entry;
} Chosen;

typedef struct {
    const ArkExportRequest *request;
    ArkExportOutcome *out;
    ArkClean clean;
    ArkTree *tree;
    GArray *chosen; /* Chosen */
} Run;

static bool damaged(const Run *run, const ArkIndexKind *kind, const ArkEntry *entry, const char *what, GError **error) {
    g_autofree char *reference = ark_look_reference(kind, entry);
    g_set_error(error, BASE_ERROR, BASE_ERROR_CORRUPT,
                "%s in backup %s is damaged: %s; nothing is written; `ark backup verify %s` tells more", reference,
                run->request->backup, what, run->request->backup);
    return false;
}

/* Decides on an object, and whether it is one. */
static bool choose(const ArkLook *look, const ArkIndexKind *kind, const ArkEntry *entry, yyjson_val *object, void *data,
                   GError **error) {
    Run *run = data;
    if (cancel_check(run->request->cancel, error))
        return false;
    yyjson_val *metadata = json_get(object, "metadata");
    if (g_strcmp0(json_get_string(metadata, "name"), entry->name) != 0 ||
        g_strcmp0(json_get_string(metadata, "namespace"), entry->namespace_) != 0 || !json_get_string(object, "kind"))
        return damaged(run, kind, entry, object ? "it has another name or namespace than its path" : "it is no JSON",
                       error);
    const char *reason = ark_clean_leaves_out(&run->clean, kind->group_resource, object);
    if (reason) {
        run->out->left_out++;
        g_autofree char *reference = ark_look_reference(kind, entry);
        if (run->request->on_left_out)
            run->request->on_left_out(reference, reason);
        return true;
    }
    run->out->objects++;
    g_array_append_vals(run->chosen, &(Chosen){kind, entry}, 1);
    ark_tree_plan(run->tree, ark_tree_path(kind->group_resource, entry->namespace_, entry->name));
    return true;
}

static bool write_one(Run *run, const ArkIndex *index, const Chosen *chosen, GError **error) {
    const char *group_resource = chosen->kind->group_resource;
    bool secret = g_str_equal(group_resource, "secrets");
    g_autoptr(yyjson_doc) stored = ark_index_object(index, chosen->entry, error);
    g_autoptr(yyjson_mut_doc) doc = stored ? yyjson_doc_mut_copy(stored, NULL) : NULL;
    if (!doc || !ark_clean(&run->clean, group_resource, doc, error))
        return false;
    if (secret && run->clean.secrets == ARK_SECRETS_INCLUDE)
        run->out->plain_secrets++;
    g_autofree char *text = yaml_write(yyjson_mut_doc_get_root(doc));
    g_autofree char *path = ark_tree_path(group_resource, chosen->entry->namespace_, chosen->entry->name);
    return ark_tree_write(run->tree, path, text, strlen(text), secret, error);
}

static bool write_all(Run *run, const ArkIndex *index, GError **error) {
    if (!ark_tree_begin(run->tree, error))
        return false;
    for (guint i = 0; i < run->chosen->len; i++)
        if (cancel_check(run->request->cancel, error) ||
            !write_one(run, index, &g_array_index(run->chosen, Chosen, i), error))
            return false;
    return ark_tree_finish(run->tree, error);
}

bool ark_export_run(const ArkExportRequest *request, ArkExportOutcome *out, GError **error) {
    *out = (ArkExportOutcome){0};
    g_autoptr(ArkLook) look =
        ark_look_open(request->store, request->backup, request->filters, ARK_LOOK_WHOLE, request->limits, error);
    if (!look)
        return false;
    if (request->on_open)
        request->on_open(look);
    g_autoptr(GArray) chosen = g_array_new(FALSE, FALSE, sizeof(Chosen));
    g_autoptr(ArkTree) tree = ark_tree_open(request->dir, request->force, error);
    if (!tree)
        return false;
    Run run = {.request = request, .out = out, .tree = tree, .chosen = chosen};
    ark_clean_init(&run.clean, look->index, request->all, request->secrets);
    bool ok = ark_look_each(look, choose, &run, error) && write_all(&run, look->index, error);
    ark_clean_clear(&run.clean);
    out->changed = ark_tree_changed(tree);
    out->removed = ark_tree_removed(tree);
    return ok;
}
