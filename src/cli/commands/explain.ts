/** `explain`: whether an address or a prefix gets in, which entry decides, and which lost. */
import type { Command } from "commander";
import { parsePrefix } from "../../address/prefix.js";
import { failure } from "../../model/failure.js";
import type { AccountState } from "../../model/rule.js";
import { desiredState } from "../../plan/desired.js";
import { explain } from "../../plan/explain.js";
import { stateOf } from "../../plan/state.js";
import {
  type ExplainPlaces,
  type ExplainReport,
  renderExplainJson,
  renderExplainText,
} from "../../render/explain.js";
import { connect } from "../connect.js";
import type { Io } from "../io.js";
import { requirePolicy } from "../load-policy.js";
import {
  type ConnectionOptions,
  connectionOptions,
  type OutputOptions,
  outputOptions,
  type PolicyOptions,
  policyOptions,
} from "../options.js";
import { deliver } from "../output.js";
import { readPlan } from "../read-plan.js";

const formats = ["text", "json"] as const;

interface Options extends PolicyOptions, ConnectionOptions, OutputOptions<(typeof formats)[number]> {
  readonly live?: boolean;
  readonly plan?: string;
}
