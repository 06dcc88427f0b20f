/* What a plan says (ark/plan.h), gathered as it comes and printed: for people as a table, for programs as a document.
 */
#pragma once

#include "ark/cli/common.h"
#include "ark/restore.h"

typedef struct PlanReport PlanReport;

/* show_secrets: values of Secrets that differ are not hidden. */
PlanReport *plan_report_new(bool show_secrets);
void plan_report_free(PlanReport *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PlanReport, plan_report_free)

/* An ArkPlanFunc; data is the report. */
void plan_report_take(const ArkPlanItem *item, void *data);

/* Prints the plan in the form of --output (one of plan_report_forms), and the outcome of making it. `modifiers` may be
 * NULL. Returns the exit code: EXIT_PARTLY where something would be refused. */
int plan_report_print(const PlanReport *plan, const Common *common, yyjson_mut_doc *restore, const char *modifiers,
                      const ArkRestoreOutcome *outcome);
extern const char *const plan_report_forms[];

#define PLAN_SHOW_SECRETS_HELP "Print values of Secrets that differ, which are hidden otherwise."
