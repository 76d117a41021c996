// The form: what to train on, which net, against which other skip, how.
import { OPTIMIZERS, SCHEDULES, SKIPS } from "../../cli/settings/settings.ts";
import type { DataSource } from "../given-data.ts";
import type { LabSettings } from "../fields.ts";
import { sizeText } from "../recognize.ts";
import { missingOf } from "../standard-sets.ts";
import { NumberField, Select, type Change } from "./fields.tsx";
import { FAMILIES, familyOf } from "./model-choice.ts";

const SKIP_LABELS: Readonly<Record<(typeof SKIPS)[number] | "nothing", string>> = {
  additive: "additive: x + f(x)",
  orthogonal: "orthogonal: x + f⊥(x)",
  none: "none: f(x)",
  nothing: "nothing, one run alone",
};
const DATASET_LABELS: Readonly<Record<LabSettings["dataset"], string>> = {
  shapes: "drawn shapes, built in",
  cifar10: "CIFAR-10, your files",
  cifar100: "CIFAR-100, your files",
  mnist: "MNIST, your files",
  "image-folder": "pictures, your files",
};

export interface SetupProps {
  readonly settings: LabSettings;
  readonly source: DataSource;
  /** Settings cannot be changed while runs go on. */
  readonly locked: boolean;
  readonly onChange: Change;
  readonly onFiles: (files: FileList | null) => void;
  readonly problem: string;
}

/** What was given, and what is missing of it. */
function describeFiles(source: DataSource): { readonly note: string; readonly lack: string } {
  if (source.kind === "shapes")
    return { note: "Or drop CIFAR, MNIST or a folder of pictures on the page. Files stay on this machine.", lack: "" };
  const { files } = source;
  const { needed, others, holdsOut } = missingOf(source);
  const size = files.reduce((sum, { file }) => sum + file.size, 0);
  const held = holdsOut ? " Every sixth image is held out." : "";
  return {
    note: `${files.length} ${files.length === 1 ? "file" : "files"}, ${sizeText(size)}. They stay on this machine.${
      others.length > 0 ? ` Without ${others.join(", ")}.` : ""
    }${held}`,
    lack: needed.length > 0 ? `Missing: ${needed.join(", ")}. Choose or drop what is missing, too.` : "",
  };
}

function Images({ settings, source, onChange, onFiles, problem }: SetupProps) {
  const own = source.kind === "files" ? source.dataset : null;
  const sets = (["shapes", ...(own ? [own] : [])] as LabSettings["dataset"][]).concat(
    settings.dataset !== "shapes" && settings.dataset !== own ? [settings.dataset] : [],
  );
  const missing = settings.dataset !== "shapes" && settings.dataset !== own;
  const { note, lack } = describeFiles(source);
  const said = [problem, lack].filter((text) => text !== "").join(" ");
  return (
    <fieldset>
      <legend>Images</legend>
      <Select
        label="Set"
        name="dataset"
        value={settings.dataset}
        choices={sets.map((each) => [each, DATASET_LABELS[each]])}
        onChoice={(value) => onChange({ dataset: value as LabSettings["dataset"] })}
      />
      <div class="files">
        <label class="button quiet">
          Choose files
          <input type="file" name="files" multiple onChange={(event) => onFiles(event.currentTarget.files)} />
        </label>
        <label class="button quiet">
          Choose a folder
          <input
            type="file"
            name="folder"
            multiple
            ref={(input) => input?.setAttribute("webkitdirectory", "")}
            onChange={(event) => onFiles(event.currentTarget.files)}
          />
        </label>
      </div>
      <p class="note">{note}</p>
      {missing && <p class="problem">This set needs its files: choose or drop them.</p>}
      {said !== "" && (
        <p class="problem" role="alert">
          {said}
        </p>
      )}
    </fieldset>
  );
}

function Net({ settings, onChange }: SetupProps) {
  const family = familyOf(settings.model);
  return (
    <fieldset>
      <legend>Net</legend>
      <Select
        label="Model"
        name="family"
        value={family.id}
        choices={FAMILIES.map(({ id, label }) => [id, label])}
        onChoice={(id) => onChange({ model: (FAMILIES.find((each) => each.id === id) ?? family).depths[0][1] })}
      />
      <Select
        label={family.id === "vit" ? "Size" : "Depth"}
        name="model"
        value={settings.model}
        choices={family.depths.map(([depth, model]) => [model, depth])}
        onChoice={(model) => onChange({ model })}
      />
      <Select
        label="Skip"
        name="skip"
        value={settings.skip}
        choices={SKIPS.map((skip) => [skip, SKIP_LABELS[skip]])}
        onChoice={(skip) => onChange({ skip: skip as LabSettings["skip"] })}
      />
      <Select
        label="Compared with"
        name="against"
        value={settings.against}
        choices={[...SKIPS, "nothing" as const].map((skip) => [skip, SKIP_LABELS[skip]])}
        onChoice={(against) => onChange({ against: against as LabSettings["against"] })}
      />
    </fieldset>
  );
}

const named = (values: readonly string[]): [string, string][] => values.map((value) => [value, value]);

function Training({ settings, onChange }: SetupProps) {
  const shared = { settings, onChange };
  return (
    <fieldset>
      <legend>Training</legend>
      <div class="pair">
        <NumberField {...shared} name="epochs" label="Epochs" />
        <NumberField {...shared} name="batchSize" label="Batch size" />
        <NumberField {...shared} name="lr" label="Learning rate" />
        <NumberField {...shared} name="seed" label="Seed" />
      </div>
      <details>
        <summary>More settings</summary>
        <div class="pair">
          <Select
            label="Optimizer"
            name="opt"
            value={settings.opt}
            choices={named(OPTIMIZERS)}
            onChoice={(opt) => onChange({ opt: opt as LabSettings["opt"], lr: opt === "sgd" ? 0.2 : 0.001 })}
          />
          <Select
            label="Schedule"
            name="sched"
            value={settings.sched}
            choices={named(SCHEDULES)}
            onChoice={(sched) => onChange({ sched: sched as LabSettings["sched"] })}
          />
          <NumberField {...shared} name="weightDecay" label="Weight decay" usual="usual" />
          <NumberField {...shared} name="width" label="Width" usual="the model's" />
          <NumberField {...shared} name="trainSamples" label="Training images" usual="all" />
          <NumberField {...shared} name="testSamples" label="Test images" usual="all" />
          {settings.dataset === "image-folder" && <NumberField {...shared} name="imgSize" label="Picture size" />}
        </div>
      </details>
    </fieldset>
  );
}

export function Setup(props: SetupProps) {
  return (
    <form class="setup" aria-label="Settings" onSubmit={(event) => event.preventDefault()}>
      <fieldset class="all" disabled={props.locked}>
        <Images {...props} />
        <Net {...props} />
        <Training {...props} />
      </fieldset>
      {/* Always a line high: nothing moves when runs begin. */}
      <p class="note locked">{props.locked ? "Settings can be changed when the runs have stopped." : "\u00a0"}</p>
    </form>
  );
}
