// A thread of a run: a worker that computes its share of every step.
import { joinTeam } from "../../workers/web/join.ts";
import * as program from "../cli/settings/training-program.ts";

joinTeam(program);
