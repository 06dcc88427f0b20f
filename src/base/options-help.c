/* Help on the terminal and man pages, from the command tables. */
#include "base/options-internal.h"

#include <string.h>

enum { WIDTH = 100, OPTION_COLUMN = 38 };

static void append_wrapped(GString *out, const char *text, size_t indent, size_t column) {
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    for (char **word = words; *word; word++) {
        size_t length = (size_t)g_utf8_strlen(*word, -1);
        if (column > indent && column + 1 + length > WIDTH) {
            g_string_append_printf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            g_string_append_c(out, ' ');
            column++;
        }
        g_string_append(out, *word);
        column += length;
    }
    g_string_append_c(out, '\n');
}

static const char *value_name(const Option *option) {
    if (option->kind == OPTION_FLAG || option->kind == OPTION_TRISTATE)
        return NULL;
    if (option->value)
        return option->value;
    return option->kind == OPTION_INT        ? "N"
           : option->kind == OPTION_DURATION ? "DURATION"
           : option->kind == OPTION_SIZE     ? "SIZE"
           : option->kind == OPTION_MAP      ? "K=V"
                                             : "TEXT";
}

static char *option_head(const Option *option) {
    const char *value = value_name(option);
    char letter[] = {'-', option->letter, ',', ' ', '\0'};
    if (option->bare)
        return g_strdup_printf("%s--%s[=%s]", option->letter ? letter : "    ", option->name, value);
    return g_strdup_printf("%s--%s%s%s", option->letter ? letter : "    ", option->name, value ? " " : "",
                           value ? value : "");
}

static char *option_text(const Option *option) {
    GString *text = g_string_new(option->help);
    if (option->values) {
        g_autofree char *all = g_strjoinv(", ", (char **)option->values);
        g_string_append_printf(text, " (%s)", all);
    }
    if (option->fallback && *option->fallback)
        g_string_append_printf(text, " [default: %s]", option->fallback);
    return g_string_free(text, FALSE);
}

static void help_options(GString *out, const Command *command, const char *path, bool all) {
    const Option *option;
    guint left_out = 0;
    g_string_append(out, "\nOptions:\n");
    for (size_t i = 0; (option = option_at(command, i)); i++) {
        if (option->hidden)
            continue;
        if (option->rare && !all) {
            left_out++;
            continue;
        }
        g_autofree char *head = option_head(option), *text = option_text(option);
        size_t column = strlen(head) + 2;
        g_string_append_printf(out, "  %s", head);
        if (column + 2 > OPTION_COLUMN)
            g_string_append_printf(out, "\n%*s", OPTION_COLUMN, "");
        else
            g_string_append_printf(out, "%*s", (int)(OPTION_COLUMN - column), "");
        append_wrapped(out, text, OPTION_COLUMN, OPTION_COLUMN);
    }
    g_string_append_printf(out, "  -h, --help%*sShow this text.\n", OPTION_COLUMN - 12, "");
    if (left_out == 0)
        return;
    g_autofree char *page = g_strdelimit(g_strdup(path), " ", '-');
    g_string_append_printf(out, "\n%u more option%s: %s --help-all, or man %s\n", left_out, left_out == 1 ? "" : "s",
                           path, page);
}

static void help_commands(GString *out, const Command *command) {
    g_string_append(out, "\nCommands:\n");
    for (const Command *const *child = command->children; *child; child++)
        if (!(*child)->hidden)
            g_string_append_printf(out, "  %-14s%s\n", (*child)->name, (*child)->summary);
}

/* How the command itself is used. */
static char *synopsis(const Command *command, const char *path) {
    return g_strdup_printf("%s%s%s", path, command->arguments ? " " : "", command->arguments ? command->arguments : "");
}

static void help_usage(GString *out, const Command *command, const char *path) {
    g_autofree char *usage = synopsis(command, path);
    g_string_append(out, "Usage: ");
    if (command->run)
        g_string_append_printf(out, "%s [OPTIONS]\n", usage);
    if (command->children)
        g_string_append_printf(out, "%s%s COMMAND\n", command->run ? "       " : "", path);
}

char *command_help(const Command *command, const char *path, bool all) {
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "%s\n\n", command->summary);
    help_usage(out, command, path);
    if (command->description) {
        g_string_append_c(out, '\n');
        g_auto(GStrv) paragraphs = g_strsplit(command->description, "\n", -1);
        for (char **paragraph = paragraphs; *paragraph; paragraph++)
            append_wrapped(out, *paragraph, 0, 0);
    }
    if (command->examples) {
        g_string_append(out, "\nExamples:\n");
        g_auto(GStrv) lines = g_strsplit(command->examples, "\n", -1);
        for (char **line = lines; *line; line++)
            g_string_append_printf(out, "  %s\n", *line);
    }
    if (command->children)
        help_commands(out, command);
    if (command->run)
        help_options(out, command, path, all);
    if (command->children)
        g_string_append_printf(out, "\nRun '%s COMMAND --help' for more about a command.\n", path);
    return g_string_free(out, FALSE);
}

/* --- man pages ------------------------------------------------------------------------------- */

static const Command *command_at(const Command *root, const char *path) {
    g_auto(GStrv) words = g_strsplit(path, " ", -1);
    const Command *command = root;
    for (char **word = words + 1; words[0] && *word && command; word++)
        command = command_child(command, *word);
    return command;
}

/* Text with what roff would read escaped. */
static char *roff(const char *text) {
    GString *out = g_string_new(NULL);
    for (const char *c = text; *c; c++) {
        if (*c == '\\' || *c == '-')
            g_string_append_c(out, '\\');
        if ((*c == '.' || *c == '\'') && (c == text || c[-1] == '\n'))
            g_string_append(out, "\\&");
        g_string_append_c(out, *c);
    }
    return g_string_free(out, FALSE);
}

static void man_options(GString *out, const Command *command) {
    const Option *option;
    g_string_append(out, ".SH OPTIONS\n");
    for (size_t i = 0; (option = option_at(command, i)); i++) {
        if (option->hidden)
            continue;
        g_autofree char *head = option_head(option), *text = option_text(option);
        g_autofree char *head_roff = roff(g_strchug(head)), *text_roff = roff(text);
        g_string_append_printf(out, ".TP\n.B %s\n%s\n", head_roff, text_roff);
    }
}

static void man_synopsis(GString *out, const Command *command, const char *path) {
    g_autofree char *usage = synopsis(command, path), *usage_roff = roff(usage), *path_roff = roff(path);
    g_string_append(out, ".SH SYNOPSIS\n");
    if (command->run)
        g_string_append_printf(out, ".B %s\n", usage_roff);
    if (command->children)
        g_string_append_printf(out, "%s.B %s COMMAND\n", command->run ? ".br\n" : "", path_roff);
}

char *command_man(const Command *root, const char *path) {
    const Command *command = command_at(root, path);
    if (!command)
        return NULL;
    GString *out = g_string_new(NULL);
    g_autofree char *dashed = g_strdelimit(g_strdup(path), " ", '-');
    g_autofree char *upper = g_ascii_strup(dashed, -1), *summary = roff(command->summary), *dashed_roff = roff(dashed);
    g_string_append_printf(out, ".TH %s 1 \"\" \"seaworthy " SEAWORTHY_VERSION "\"\n.SH NAME\n%s \\- %s\n", upper,
                           dashed_roff, summary);
    man_synopsis(out, command, path);
    if (command->description) {
        g_autofree char *text = roff(command->description);
        g_string_append_printf(out, ".SH DESCRIPTION\n%s\n", text);
    }
    if (command->children) {
        g_string_append(out, ".SH COMMANDS\n");
        for (const Command *const *child = command->children; *child; child++)
            if (!(*child)->hidden)
                g_string_append_printf(out, ".TP\n.BR %s\\-%s (1)\n%s\n", dashed_roff, (*child)->name,
                                       (*child)->summary);
    }
    if (command->run)
        man_options(out, command);
    if (command->examples) {
        g_autofree char *text = roff(command->examples);
        g_string_append_printf(out, ".SH EXAMPLES\n.nf\n%s\n.fi\n", text);
    }
    g_string_append_printf(out, ".SH EXIT STATUS\n%s\n",
                           command->exit_codes
                               ? command->exit_codes
                               : "0 done; 1 failed; 2 wrong use; 3 done in part (what is missing is named).");
    return g_string_free(out, FALSE);
}

static void collect_paths(const Command *command, const char *path, GStrvBuilder *out) {
    g_strv_builder_add(out, path);
    for (const Command *const *child = command->children; child && *child; child++) {
        if ((*child)->hidden)
            continue;
        g_autofree char *below = g_strdup_printf("%s %s", path, (*child)->name);
        collect_paths(*child, below, out);
    }
}

GStrv command_paths(const Command *root) {
    g_autoptr(GStrvBuilder) out = g_strv_builder_new();
    collect_paths(root, root->name, out);
    return g_strv_builder_end(out);
}
