/* Colours of a terminal: on a terminal alone, and never with $NO_COLOR (no-color.org) or TERM=dumb. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

typedef enum { COLOUR_NONE, COLOUR_RED, COLOUR_GREEN, COLOUR_YELLOW } Colour;

/* What to print before and behind a coloured text; "" where there are no colours, and for COLOUR_NONE. */
const char *colour_begin(FILE *out, Colour colour);
const char *colour_end(FILE *out, Colour colour);

/* Of a word that says how something went: Completed, Failed, ok, damaged, create, refuse, ...; COLOUR_NONE for others.
 */
Colour colour_of_word(const char *word);
