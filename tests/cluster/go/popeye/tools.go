//go:build tools

// Package tools names the programs that tests/cluster/build makes from this module.
package tools

import _ "github.com/derailed/popeye"
