/* ark config: the file that holds what need not be typed. */
#include "ark/cli/common.h"
#include "ark/cli/settings.h"

#include <stdio.h>
#include <unistd.h>

typedef struct {
    Common common;
} Options;

static int run_view(const CommandCall *call, void *data) {
    const Options *options = data;
    GError *error = NULL;
    yyjson_mut_doc *doc = settings_read(&error);
    if (!doc)
        return program_end(EXIT_FAILED, error);
    if (yyjson_mut_obj_size(yyjson_mut_doc_get_root(doc)) == 0 && !options->common.output)
        fprintf(stderr, "Nothing is set in %s. For a start: ark config set location URL\n", settings_path());
    else
        cli_print_object(yyjson_mut_doc_get_root(doc), options->common.output);
    yyjson_mut_doc_free(doc);
    return EXIT_DONE;
}

static int change(const char *key, const char *value) {
    GError *error = NULL;
    int lock = settings_lock(&error);
    yyjson_mut_doc *doc = lock < 0 ? NULL : settings_read(&error);
    if (doc && settings_set(doc, key, value, &error) && settings_write(doc, &error))
        fprintf(stderr, "%s is %s in %s.\n", key, value ? "set" : "removed", settings_path());
    yyjson_mut_doc_free(doc);
    if (lock >= 0)
        close(lock);
    return program_end(EXIT_DONE, error);
}

static int run_set(const CommandCall *call, void *data) {
    return change(call->arguments[0], call->arguments[1]);
}

static int run_unset(const CommandCall *call, void *data) {
    return change(call->arguments[0], NULL);
}

static const char *const outputs[] = {"yaml", "json", NULL};
static const Option view_options[] = {
    OUTPUT_OPTION(outputs, NULL),
    {0},
};
static const Option *const view_tables[] = {view_options, NULL};

static const Command view_command = {.name = "view",
                                     .aliases = "get",
                                     .summary = "Print the configuration file.",
                                     .examples = "ark config view\nark config view -o json",
                                     .options = view_tables,
                                     .options_size = sizeof(Options),
                                     .run = run_view};
static const Command set_command = {
    .name = "set",
    .arguments = "KEY VALUE",
    .arguments_min = 2,
    .arguments_max = 2,
    .summary = "Set one value in it.",
    .description = "The file is written anew: comments in it are lost.",
    .examples = "ark config set location s3://backups/prod?region=eu-west-1\n"
                "ark config set locations.prod.url s3://backups/prod\n"
                "ark config set locations.prod.config.region eu-west-1\n"
                "ark config set location prod",
    .options_size = sizeof(Options),
    .run = run_set,
};
static const Command unset_command = {.name = "unset",
                                      .arguments = "KEY",
                                      .arguments_min = 1,
                                      .arguments_max = 1,
                                      .summary = "Remove a value, or a location, from it.",
                                      .examples = "ark config unset connections\nark config unset locations.prod",
                                      .options_size = sizeof(Options),
                                      .run = run_unset};
static const Command *const children[] = {&view_command, &set_command, &unset_command, NULL};

const Command config_command = {
    .name = "config",
    .summary = "What need not be typed each time: locations and limits.",
    .description =
        "The file is $ARK_CONFIG, or ark/config.yaml in $XDG_CONFIG_HOME (~/.config). What a command line or "
        "the environment gives comes before what the file says. Keys: location (a URL, or the name of a "
        "location), locations.NAME.url, locations.NAME.config.KEY (as --location-config), and as the "
        "options of the same names: connections, qps, burst, request-timeout, namespace and the limit-... ones.",
    .children = children,
};
