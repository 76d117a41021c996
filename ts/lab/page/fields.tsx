// The parts of the form: a labeled choice, a labeled number that says what is wrong with it.
import { useEffect, useId, useState } from "preact/hooks";
import { parseField, type LabKey, type LabSettings } from "../fields.ts";

export type Change = (change: Partial<LabSettings>) => void;

export interface SelectProps {
  readonly label: string;
  readonly value: string;
  readonly choices: readonly (readonly [value: string, label: string])[];
  readonly onChoice: (value: string) => void;
  readonly name: string;
}

export function Select({ label, value, choices, onChoice, name }: SelectProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} name={name} value={value} onChange={(event) => onChoice(event.currentTarget.value)}>
        {choices.map(([each, text]) => (
          <option key={each} value={each} selected={each === value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}

export interface NumberFieldProps {
  readonly name: LabKey;
  readonly label: string;
  readonly settings: LabSettings;
  readonly onChange: Change;
  /** What nothing stands for. */
  readonly usual?: string;
}

export function NumberField({ name, label, settings, onChange, usual }: NumberFieldProps) {
  const id = useId();
  const value = settings[name];
  const [text, setText] = useState(String(value ?? ""));
  const [problem, setProblem] = useState("");
  // Changed from elsewhere, as by a link.
  useEffect(() => {
    setText(String(value ?? ""));
    setProblem("");
  }, [value]);
  const take = (typed: string): void => {
    setText(typed);
    try {
      const parsed = parseField(name, typed);
      setProblem("");
      if (parsed !== value) onChange({ [name]: parsed });
    } catch (error) {
      setProblem((error as Error).message);
    }
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        name={name}
        inputMode="decimal"
        autocomplete="off"
        value={text}
        placeholder={usual}
        aria-invalid={problem !== ""}
        aria-describedby={problem === "" ? undefined : `${id}-problem`}
        onInput={(event) => take(event.currentTarget.value)}
      />
      {problem !== "" && (
        <p class="problem" id={`${id}-problem`}>
          {problem}
        </p>
      )}
    </div>
  );
}
