// The file that a Web Worker of a team runs where the program is a module with an address of its own.
import { joinTeam } from "./join.ts";

joinTeam();
