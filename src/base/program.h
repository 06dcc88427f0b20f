/* What every program of ours does around its commands: signals, messages, exit codes, completion and man pages. */
#pragma once

#include "base/cancel.h"
#include "base/options.h"

/* main(): runs the command, and sees that standard output was really written. Returns the exit code. */
int program_main(const Command *root, int argc, char **argv);

/* The token of the whole program, set by SIGINT and SIGTERM; a second one ends the program at once. */
Cancel *program_cancel(void);

/* Prints "<program>: message" on stderr; returns the exit code that fits. */
int program_fail(const GError *error);
/* The end of a command: the same for an error, which is freed; `code` where there is none. */
int program_end(int code, GError *error);
/* The same where the command has a code of its own for what goes wrong: wrong use has its usual one, all else `code`.
 */
int program_end_with(int code, GError *error);

/* Commands that every program has, to be put into its tree: `completion SHELL`, and the hidden `__complete WORDS`,
 * which its script asks for what may stand in place of the last word (in two seconds, or not at all), and `__man
 * DIRECTORY`, which writes man pages. program_: the program's name, a literal. */
#define PROGRAM_COMPLETION_COMMAND(program_)                                                                      \
    {                                                                                                             \
        .name = "completion", .arguments = "bash|zsh|fish", .arguments_min = 1, .arguments_max = 1,               \
        .summary = "Print a shell's completion script.",                                                          \
        .description = "Verbs, options and their values, and names from where they are. 'make install' puts the " \
                       "scripts where the shells find them.",                                                     \
        .examples = "source <(" program_ " completion bash)\nsource <(" program_ " completion zsh)\n" program_    \
                    " completion fish | source",                                                                  \
        .options_size = 1, .run = program_run_completion,                                                         \
    }
#define PROGRAM_COMPLETE_COMMAND                                                                                \
    {                                                                                                           \
        .name = "__complete", .arguments = "WORDS", .arguments_min = 1, .arguments_max = -1, .hidden = true,    \
        .summary = "What may stand in place of the last word.", .options_size = 1, .run = program_run_complete, \
    }
#define PROGRAM_MAN_COMMAND                                                                                \
    {                                                                                                      \
        .name = "__man", .arguments = "DIRECTORY", .arguments_min = 1, .arguments_max = 1, .hidden = true, \
        .summary = "Write the man pages into a directory.", .options_size = 1, .run = program_run_man,     \
    }
int program_run_completion(const CommandCall *call, void *options);
int program_run_complete(const CommandCall *call, void *options);
int program_run_man(const CommandCall *call, void *options);
