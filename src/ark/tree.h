/* The folder that an export writes: files under names that are safe everywhere, and a list of them in .ark-export by
 * which the next export knows what is its own. What is not listed there is never changed. */
#pragma once

#include "base/error.h"

/* "cluster/<kind>/<name>.yaml", "namespaces/<namespace>/<kind>/<name>.yaml". What is no letter, digit, '-', '_' or '.',
 * and a '.' that comes first, is written as %XX; a name too long for a file is split into folders, each but the last
 * ending in a lone '%'. So different names have different paths, and none leads out of the folder. g_free() it. */
char *ark_tree_path(const char *group_resource, const char *namespace_, const char *name);

typedef struct ArkTree ArkTree;

/* Opens the folder, made where it is missing. EXISTS for one that is not empty, unless `force`. */
ArkTree *ark_tree_open(const char *dir, bool force, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void ark_tree_free(ArkTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ArkTree, ark_tree_free)

/* Announces a file to be written; takes the path over. */
void ark_tree_plan(ArkTree *tree, char *path);
/* After all are announced: EXISTS where one is there that no export wrote; else notes them all as its own, so that an
 * export that is cut short can be done again. */
bool ark_tree_begin(ArkTree *tree, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Writes an announced file, whole or not at all; one that is so already is left alone. `secret`: for its owner only. */
bool ark_tree_write(ArkTree *tree, const char *path, const char *text, size_t length, bool secret, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
/* Removes what an earlier export wrote and this one did not, and folders that are empty then. */
bool ark_tree_finish(ArkTree *tree, GError **error) G_GNUC_WARN_UNUSED_RESULT;

guint64 ark_tree_changed(const ArkTree *tree); /* files written, new or other than they were */
guint64 ark_tree_removed(const ArkTree *tree);
