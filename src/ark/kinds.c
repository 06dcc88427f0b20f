#include "ark/kinds.h"

#include "ark/order.h"
#include "base/text.h"

#include <string.h>

typedef struct {
    const ArkIndexKind *kind;
    char *plural;
    const char *group; /* "" for core */
    char *singular;    /* lower-case `kind` unless a definition says otherwise */
    char *kind_name;   /* lower-case `kind`; NULL where no object tells */
    GStrv short_names;
} Name;

struct ArkKinds {
    GPtrArray *names; /* Name */
};

/* Kubernetes' own, as its API server lists them. */
static const struct {
    const char *kind, *names;
} known_short_names[] = {
    {"certificatesigningrequests.certificates.k8s.io", "csr"},
    {"componentstatuses", "cs"},
    {"configmaps", "cm"},
    {"cronjobs.batch", "cj"},
    {ARK_CRDS, "crd,crds"},
    {"daemonsets.apps", "ds"},
    {"deployments.apps", "deploy"},
    {"endpoints", "ep"},
    {"events", "ev"},
    {"events.events.k8s.io", "ev"},
    {"horizontalpodautoscalers.autoscaling", "hpa"},
    {"ingresses.networking.k8s.io", "ing"},
    {"limitranges", "limits"},
    {"namespaces", "ns"},
    {"networkpolicies.networking.k8s.io", "netpol"},
    {"nodes", "no"},
    {"persistentvolumeclaims", "pvc"},
    {"persistentvolumes", "pv"},
    {"poddisruptionbudgets.policy", "pdb"},
    {"pods", "po"},
    {"priorityclasses.scheduling.k8s.io", "pc"},
    {"replicasets.apps", "rs"},
    {"replicationcontrollers", "rc"},
    {"resourcequotas", "quota"},
    {"serviceaccounts", "sa"},
    {"services", "svc"},
    {"statefulsets.apps", "sts"},
    {"storageclasses.storage.k8s.io", "sc"},
};

static void name_free(void *data) {
    Name *name = data;
    g_free(name->plural);
    g_free(name->singular);
    g_free(name->kind_name);
    g_strfreev(name->short_names);
    g_free(name);
}

static GStrv usual_short_names(const char *group_resource) {
    for (size_t i = 0; i < G_N_ELEMENTS(known_short_names); i++)
        if (g_str_equal(known_short_names[i].kind, group_resource))
            return g_strsplit(known_short_names[i].names, ",", -1);
    return g_new0(char *, 1);
}

/* What the kind's definition says, where it is in the backup. */
static void take_definition(Name *name, const ArkIndex *index) {
    const ArkEntry *entry = ark_index_find(index, ARK_CRDS, NULL, name->kind->group_resource);
    g_autoptr(yyjson_doc) doc = entry ? ark_index_object(index, entry, NULL) : NULL;
    yyjson_val *names = json_get(yyjson_doc_get_root(doc), "spec", "names"), *shorts = json_get(names, "shortNames");
    const char *singular = json_get_string(names, "singular");
    if (singular && *singular) {
        g_free(name->singular);
        name->singular = g_ascii_strdown(singular, -1);
    }
    if (yyjson_arr_size(shorts) == 0)
        return;
    g_strfreev(name->short_names);
    name->short_names = json_strings(shorts);
}

static Name *name_new(const ArkIndex *index, const ArkIndexKind *kind) {
    Name *name = g_new0(Name, 1);
    const char *dot = strchr(kind->group_resource, '.');
    name->kind = kind;
    name->plural =
        dot ? g_strndup(kind->group_resource, (gsize)(dot - kind->group_resource)) : g_strdup(kind->group_resource);
    name->group = dot ? dot + 1 : "";
    name->short_names = usual_short_names(kind->group_resource);
    g_autoptr(yyjson_doc) first = NULL;
    if (kind->entries->len > 0)
        first = ark_index_object(index, &g_array_index(kind->entries, ArkEntry, 0), NULL);
    const char *own = json_get_string(yyjson_doc_get_root(first), "kind");
    name->kind_name = own && *own ? g_ascii_strdown(own, -1) : NULL;
    name->singular = g_strdup(name->kind_name);
    if (dot)
        take_definition(name, index);
    return name;
}

ArkKinds *ark_kinds_new(const ArkIndex *index) {
    ArkKinds *kinds = g_new0(ArkKinds, 1);
    kinds->names = g_ptr_array_new_with_free_func(name_free);
    const GPtrArray *all = ark_index_kinds(index);
    for (guint i = 0; i < all->len; i++)
        g_ptr_array_add(kinds->names, name_new(index, g_ptr_array_index(all, i)));
    return kinds;
}

void ark_kinds_free(ArkKinds *kinds) {
    if (!kinds)
        return;
    g_ptr_array_unref(kinds->names);
    g_free(kinds);
}

/* --- what is meant ------------------------------------------------------------------------- */

static bool has_version(const ArkIndexKind *kind, const char *version) {
    if (g_strcmp0(kind->preferred_version, version) == 0)
        return true;
    for (guint i = 0; i < kind->versions->len; i++)
        if (g_str_equal(((const ArkIndexVersion *)g_ptr_array_index(kind->versions, i))->version, version))
            return true;
    return false;
}

/* Whether what stands behind the first dot is the group, a beginning of it in whole words, or a version of the kind
 * with or, for the core group, without the group. */
static bool group_fits(const Name *name, const char *rest) {
    if (!rest || g_str_equal(rest, name->group))
        return true;
    size_t length = strlen(rest);
    if (strncmp(name->group, rest, length) == 0 && name->group[length] == '.')
        return true;
    const char *dot = strchr(rest, '.');
    g_autofree char *version = dot ? g_strndup(rest, (gsize)(dot - rest)) : g_strdup(rest);
    return g_str_equal(dot ? dot + 1 : "", name->group) && has_version(name->kind, version);
}

enum { NO_MATCH, BY_SHORT_NAME, BY_SINGULAR, BY_PLURAL };

static int rank(const Name *name, const char *word, const char *rest) {
    if (!group_fits(name, rest))
        return NO_MATCH;
    if (g_ascii_strcasecmp(name->plural, word) == 0)
        return BY_PLURAL;
    if (g_strcmp0(name->singular, word) == 0 || g_strcmp0(name->kind_name, word) == 0)
        return BY_SINGULAR;
    return g_strv_contains((const char *const *)name->short_names, word) ? BY_SHORT_NAME : NO_MATCH;
}

GPtrArray *ark_kinds_match(const ArkKinds *kinds, const char *text) {
    g_autofree char *lower = g_ascii_strdown(text, -1);
    g_auto(GStrv) parts = g_strsplit(lower, ".", 2);
    GPtrArray *found = g_ptr_array_new();
    const char *word = parts[0] ? parts[0] : "", *rest = parts[0] ? parts[1] : NULL;
    int best = BY_SHORT_NAME;
    for (guint i = 0; i < kinds->names->len; i++) {
        const Name *name = g_ptr_array_index(kinds->names, i);
        int own = rank(name, word, rest);
        if (own < best || !*word)
            continue;
        /* A whole name leaves no doubt, nor does the core group where none is given. */
        bool sure = own == BY_PLURAL && g_strcmp0(rest, name->group) == 0;
        if (own > best || sure || (!rest && !*name->group))
            g_ptr_array_set_size(found, 0);
        else if (!rest && found->len == 1 && !strchr(((ArkIndexKind *)found->pdata[0])->group_resource, '.'))
            continue;
        best = own;
        g_ptr_array_add(found, (void *)name->kind);
        if (sure)
            break;
    }
    return found;
}

const char *ark_kinds_nearest(const ArkKinds *kinds, const char *text) {
    g_autofree char *lower = g_ascii_strdown(text, -1);
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    g_autoptr(GHashTable) kind_of = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < kinds->names->len; i++) {
        const Name *name = g_ptr_array_index(kinds->names, i);
        const char *const own[] = {name->kind->group_resource, name->plural, name->singular, name->kind_name};
        for (size_t k = 0; k < G_N_ELEMENTS(own); k++) {
            if (!own[k] || !g_hash_table_insert(kind_of, (void *)own[k], name->kind->group_resource))
                continue;
            g_ptr_array_add(words, (void *)own[k]);
        }
    }
    g_ptr_array_add(words, NULL);
    const char *nearest = text_nearest(lower, (const char *const *)words->pdata);
    return nearest ? g_hash_table_lookup(kind_of, nearest) : NULL;
}

const ArkIndexKind *ark_kinds_find(const ArkKinds *kinds, const char *text, const char *backup, GError **error) {
    g_autoptr(GPtrArray) found = ark_kinds_match(kinds, text);
    if (found->len == 1)
        return g_ptr_array_index(found, 0);
    if (found->len == 0) {
        g_autofree char *hint = text_did_you_mean(ark_kinds_nearest(kinds, text));
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "backup %s has no kind \"%s\"%s", backup, text, hint);
        return NULL;
    }
    g_autoptr(GString) all = g_string_new(NULL);
    for (guint i = 0; i < found->len; i++)
        g_string_append_printf(all, "%s%s", i ? ", " : "",
                               ((const ArkIndexKind *)g_ptr_array_index(found, i))->group_resource);
    g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "kind \"%s\" may be any of these in backup %s; name one: %s", text,
                backup, all->str);
    return NULL;
}
