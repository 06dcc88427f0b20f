#include "sonobuoy/run-state.h"

#include "base/file.h"
#include "base/json.h"

#include <errno.h>
#include <string.h>

#define STATE_FILE "state.json"
enum { STATE_MAX_BYTES = 64 << 20 };

void state_plugin_free(StatePlugin *plugin) {
    g_free(plugin->plugin);
    g_free(plugin->session);
    g_strfreev(plugin->nodes);
    g_free(plugin);
}

RunState *run_state_new(void) {
    RunState *state = g_new0(RunState, 1);
    state->plugins = g_ptr_array_new_with_free_func((GDestroyNotify)state_plugin_free);
    return state;
}

void run_state_free(RunState *state) {
    if (!state)
        return;
    g_free(state->uuid);
    g_free(state->pod_uid);
    g_free(state->status);
    key_pair_clear(&state->authority);
    g_ptr_array_unref(state->plugins);
    g_free(state);
}

StatePlugin *run_state_find(const RunState *state, const char *plugin) {
    for (guint i = 0; i < state->plugins->len; i++)
        if (g_str_equal(((const StatePlugin *)state->plugins->pdata[i])->plugin, plugin))
            return state->plugins->pdata[i];
    return NULL;
}

/* --- reading ------------------------------------------------------------------------------------------ */

static StatePlugin *read_plugin(yyjson_val *value) {
    StatePlugin *plugin = g_new0(StatePlugin, 1);
    plugin->plugin = g_strdup(json_get_string(value, "plugin"));
    plugin->session = g_strdup(json_get_string(value, "session"));
    plugin->launched = json_int(json_get(value, "launched"), 0);
    plugin->created = yyjson_get_bool(json_get(value, "created"));
    plugin->nodes = json_strings(json_get(value, "nodes"));
    if (plugin->plugin && plugin->session && plugin->nodes)
        return plugin;
    state_plugin_free(plugin);
    return NULL;
}

static bool read_all(yyjson_val *root, RunState *state) {
    size_t index, count;
    yyjson_val *value;
    state->uuid = g_strdup(json_get_string(root, "uuid"));
    state->begun = json_int(json_get(root, "begun"), 0);
    state->pod_uid = g_strdup(json_get_string(root, "podUID"));
    state->authority.certificate = g_strdup(json_get_string(root, "authority", "certificate"));
    state->authority.key = g_strdup(json_get_string(root, "authority", "key"));
    state->status = g_strdup(json_get_string(root, "status"));
    yyjson_arr_foreach(json_get(root, "plugins"), index, count, value) {
        StatePlugin *plugin = read_plugin(value);
        if (!plugin)
            return false;
        g_ptr_array_add(state->plugins, plugin);
    }
    return state->uuid && state->pod_uid && state->authority.certificate && state->authority.key;
}

RunState *run_state_read(const char *folder, GError **error) {
    g_autofree char *path = g_build_filename(folder, STATE_FILE, NULL);
    size_t length;
    g_autofree char *text = file_read(path, STATE_MAX_BYTES, &length, error);
    g_autoptr(yyjson_doc) doc = text ? json_parse(text, length, path, error) : NULL;
    g_autoptr(RunState) state = doc ? run_state_new() : NULL;
    if (!state || read_all(yyjson_doc_get_root(doc), state))
        return g_steal_pointer(&state);
    g_set_error(error, BASE_ERROR, BASE_ERROR_CORRUPT, "%s is no state of a run", path);
    return NULL;
}

/* --- writing -------------------------------------------------------------------------------------------- */

static void write_plugin(yyjson_mut_doc *doc, yyjson_mut_val *plugins, const StatePlugin *plugin) {
    yyjson_mut_val *value = yyjson_mut_arr_add_obj(doc, plugins), *nodes = yyjson_mut_arr(doc);
    json_mut_set_string(doc, value, "plugin", plugin->plugin);
    json_mut_set_string(doc, value, "session", plugin->session);
    json_mut_set(doc, value, "launched", yyjson_mut_sint(doc, plugin->launched));
    json_mut_set(doc, value, "created", yyjson_mut_bool(doc, plugin->created));
    for (char **node = plugin->nodes; *node; node++)
        yyjson_mut_arr_add_str(doc, nodes, *node);
    json_mut_set(doc, value, "nodes", nodes);
}

bool run_state_write(const RunState *state, const char *folder, GError **error) {
    g_autofree char *path = g_build_filename(folder, STATE_FILE, NULL);
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(doc), *plugins = yyjson_mut_arr(doc);
    json_mut_set_string(doc, root, "uuid", state->uuid);
    json_mut_set(doc, root, "begun", yyjson_mut_sint(doc, state->begun));
    json_mut_set_string(doc, root, "podUID", state->pod_uid);
    yyjson_mut_val *authority = json_mut_ensure_object(doc, root, "authority");
    json_mut_set_string(doc, authority, "certificate", state->authority.certificate);
    json_mut_set_string(doc, authority, "key", state->authority.key);
    for (guint i = 0; i < state->plugins->len; i++)
        write_plugin(doc, plugins, state->plugins->pdata[i]);
    json_mut_set(doc, root, "plugins", plugins);
    if (state->status)
        json_mut_set_string(doc, root, "status", state->status);
    size_t length;
    g_autofree char *text = json_mut_write(root, &length);
    if (g_mkdir_with_parents(folder, 0755) == 0)
        return g_file_set_contents_full(path, text, (gssize)length, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
    base_error_set_errno(error, errno, "%s cannot be made", folder);
    return false;
}
