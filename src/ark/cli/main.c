/* ark: back up, restore, move and clone a Kubernetes cluster or any part of it. */
#include "ark/cli/common.h"
#include "ark/cli/settings.h"

static const Command *const backup_children[] = {
    &backup_create_command,   &backup_get_command,  &backup_describe_command, &backup_logs_command,
    &backup_download_command, &backup_ls_command,   &backup_cat_command,      &backup_export_command,
    &backup_verify_command,   &backup_diff_command, &backup_delete_command,   NULL};
static const Command backup_command = {
    .name = "backup", .aliases = "backups", .summary = "Make and look at backups.", .children = backup_children};
static const Command *const restore_children[] = {&restore_create_command,
                                                  &restore_get_command,
                                                  &restore_describe_command,
                                                  &restore_plan_command,
                                                  &restore_logs_command,
                                                  &restore_delete_command,
                                                  NULL};
static const Command restore_command = {
    .name = "restore", .aliases = "restores", .summary = "Make and look at restores.", .children = restore_children};
static const Command *const location_children[] = {&location_check_command, &location_get_command, NULL};
static const Command location_command = {.name = "location",
                                         .aliases = "locations,backup-location,backup-locations",
                                         .summary = "Check and look at where backups are.",
                                         .children = location_children};
static const Command completion_command = PROGRAM_COMPLETION_COMMAND("ark");
static const Command complete_command = PROGRAM_COMPLETE_COMMAND;
static const Command man_command = PROGRAM_MAN_COMMAND;
static const Command *const children[] = {&backup_command,
                                          &restore_command,
                                          &location_command,
                                          &gc_command,
                                          &config_command,
                                          &clone_command,
                                          &version_command,
                                          &completion_command,
                                          &complete_command,
                                          &man_command,
                                          NULL};

const Command ark_command = {
    .name = "ark",
    .summary = "Back up, restore, move and clone a Kubernetes cluster or any part of it.",
    .description = "Works from a kubeconfig; nothing is installed in the cluster. Backups are Velero's, byte for byte: "
                   "either program "
                   "restores the other's.",
    .children = children,
    .setting = settings_option,
    .words = cli_words,
};

/* "ark get backups" is "ark backup get". */
static void noun_first(int argc, char **argv) {
    static const char *const verbs[] = {"create", "get",    "describe", "delete", "logs", "download", "ls",
                                        "cat",    "export", "verify",   "diff",   "plan", "check",    NULL};
    static const char *const nouns[] = {"backup",    "backups",         "restore",          "restores", "location",
                                        "locations", "backup-location", "backup-locations", NULL};
    if (argc > 2 && g_strv_contains(verbs, argv[1]) && g_strv_contains(nouns, argv[2])) {
        char *verb = argv[1];
        argv[1] = argv[2];
        argv[2] = verb;
    }
}

int main(int argc, char **argv) {
    static char *version[] = {(char *)"ark", (char *)"version", (char *)"--client-only", NULL};
    if (argc == 2 && g_str_equal(argv[1], "--version")) {
        argc = G_N_ELEMENTS(version) - 1;
        argv = version;
    }
    noun_first(argc, argv);
    return program_main(&ark_command, argc, argv);
}
