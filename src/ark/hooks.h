/* Hooks of pods, in a Backup's or Restore's spec.hooks and in pod annotations.
 *
 * Init containers are added to restored pods; commands in running containers are
 * not run yet, and ark_hooks_command() tells of them so that nobody believes they
 * were. Source: Velero's documentation, "Backup hooks" and "Restore hooks". */
#pragma once

#include "base/json.h"
#include "base/selector.h"

typedef struct ArkInitHooks ArkInitHooks;

/* Reads a Restore's spec.hooks (NULL allowed). INVALID names what is wrong. */
ArkInitHooks *ark_init_hooks_read(yyjson_val *hooks, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void ark_init_hooks_free(ArkInitHooks *hooks);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ArkInitHooks, ark_init_hooks_free)

/* Puts the init containers that the pod's annotations ask for, else those of the
 * spec for its target namespace and labels, before the pod's own. */
void ark_init_hooks_apply(const ArkInitHooks *hooks, const char *namespace_, yyjson_mut_doc *pod);

typedef enum { ARK_HOOKS_BACKUP, ARK_HOOKS_RESTORE } ArkHooksStage;

/* Whether spec.hooks asks for commands in containers. */
bool ark_hooks_spec_has_commands(yyjson_val *hooks, ArkHooksStage stage);
/* The annotation by which a pod asks for a command in a container, or NULL. */
const char *ark_hooks_command(yyjson_val *annotations, ArkHooksStage stage);
