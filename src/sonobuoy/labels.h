/* Labels and annotations of a run's objects: what selects them, and what tells whose they are. Those without a slash
 * are stock's. Source: objects that stock Sonobuoy 0.57 made. */
#pragma once

#define LABEL_COMPONENT "component" /* of all that a run makes */
#define COMPONENT_SONOBUOY "sonobuoy"
#define RUN_LABEL LABEL_COMPONENT "=" COMPONENT_SONOBUOY

#define LABEL_PART "sonobuoy-component" /* of pods: which of the two */
#define PART_AGGREGATOR "aggregator"
#define PART_PLUGIN "plugin"
#define LABEL_PLUGIN "sonobuoy-plugin" /* of what the aggregator makes: for which plugin */
#define LABEL_SESSION "sonobuoy-run"   /* and for which launch of it */
#define LABEL_TIER "tier"
#define TIER_ANALYSIS "analysis"
#define LABEL_NAMESPACE "namespace" /* of rights: of which run they are */

#define AGGREGATOR_LABEL LABEL_PART "=" PART_AGGREGATOR
/* What the aggregator made. No one else's objects have all three. */
#define PLUGINS_LABEL RUN_LABEL "," LABEL_PART "=" PART_PLUGIN "," LABEL_SESSION

/* Of each object that `sonobuoy run` created in a namespace: others may have objects with stock's labels there. */
#define MADE_LABEL "sonobuoy/made-by-run"
/* Of the run's ConfigMap: the namespace was there before the run. */
#define GUEST_ANNOTATION "sonobuoy/namespace-was-there"
