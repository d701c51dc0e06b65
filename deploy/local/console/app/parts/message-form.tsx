import { useState } from 'preact/hooks';
import type { FormField } from '../../api.ts';

type Message = Readonly<Record<string, unknown>>;

/** A form for the fields of a message. `path` names its place, for labels that are there twice. */
export function MessageForm(props: {
  readonly fields: readonly FormField[];
  readonly value: Message;
  readonly path: string;
  readonly onChange: (value: Message) => void;
}) {
  const { fields, value, path, onChange } = props;
  const set = (name: string, next: unknown) => {
    const { [name]: _, ...rest } = value;
    onChange(next === undefined ? rest : { ...value, [name]: next });
  };
  return (
    <>
      {fields.map((field) => (
        <Field
          key={field.name}
          field={field}
          path={`${path}${field.name}`}
          value={value[field.name]}
          onChange={(next) => set(field.name, next)}
        />
      ))}
      {fields.length === 0 && <p class="hint">The request has no fields.</p>}
    </>
  );
}

interface FieldProps {
  readonly field: FormField;
  readonly path: string;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
}

function Field({ field, path, value, onChange }: FieldProps) {
  const { name, type, isRequired, isRedacted, oneof, isList, isMap, rules, comment, fields } = field;
  const hints = [comment, ...rules].filter(Boolean).join(' ');
  const title = (
    <>
      <code>{name}</code>
      {isRequired && <span title="required"> *</span>}{' '}
      <span class="faint">{`${type.replace(/^.*\.(?=[A-Z])/, '')}${isList ? '[]' : isMap ? ' map' : ''}`}</span>
      {oneof !== undefined && <span class="tag">one of {oneof}</span>}
      {isRedacted && <span class="tag">masked where it is shown</span>}
    </>
  );
  if (fields.length > 0) {
    const isThere = typeof value === 'object' && value !== null;
    return (
      <fieldset>
        <legend>
          <label>
            <input type="checkbox" checked={isThere} aria-label={`${path} is set`} onChange={() => onChange(isThere ? undefined : {})} />{' '}
            {title}
          </label>
        </legend>
        {isThere && <MessageForm fields={fields} value={value as Message} path={`${path}.`} onChange={onChange} />}
      </fieldset>
    );
  }
  return (
    <div class="field">
      <div class="name">{title}</div>
      <Input field={field} path={path} value={value} onChange={onChange} />
      {hints !== '' && <div class="rules">{hints}</div>}
    </div>
  );
}

const numbers = /^(double|float|u?int32|sint32|s?fixed32)$/;
const texts = /^(string|bytes|u?int64|sint64|s?fixed64|google\.protobuf\.(Timestamp|Duration|FieldMask))$/;

function Input({ field: { type, choices, isList, isMap }, path, value, onChange }: FieldProps) {
  if (isList || isMap || !(type === 'bool' || type === 'enum' || numbers.test(type) || texts.test(type))) {
    return <JsonInput path={path} value={value} onChange={onChange} />;
  }
  if (type === 'bool') {
    return (
      <input
        type="checkbox"
        aria-label={path}
        checked={value === true}
        onChange={(event) => onChange(event.currentTarget.checked ? true : undefined)}
      />
    );
  }
  if (type === 'enum') {
    return (
      <select aria-label={path} value={String(value ?? '')} onChange={(event) => onChange(event.currentTarget.value || undefined)}>
        <option value="" />
        {choices.map((choice) => (
          <option key={choice}>{choice}</option>
        ))}
      </select>
    );
  }
  const read = (text: string) =>
    text === '' ? undefined : numbers.test(type) && text.trim() !== '' && !Number.isNaN(Number(text)) ? Number(text) : text;
  return (
    <input
      type="text"
      aria-label={path}
      spellcheck={false}
      value={value === undefined || value === null ? '' : String(value)}
      onInput={(event) => onChange(read(event.currentTarget.value))}
    />
  );
}

/** What has no input of its own, as JSON; what is half written stays where it is and changes nothing. */
function JsonInput({ path, value, onChange }: Omit<FieldProps, 'field'>) {
  const [draft, setDraft] = useState<string>();
  const shown = draft ?? (value === undefined ? '' : JSON.stringify(value));
  return (
    <>
      <textarea
        aria-label={path}
        rows={2}
        spellcheck={false}
        value={shown}
        onInput={(event) => {
          const text = event.currentTarget.value;
          try {
            onChange(text.trim() === '' ? undefined : JSON.parse(text));
            setDraft(undefined);
          } catch {
            setDraft(text);
          }
        }}
      />
      {draft !== undefined && <span class="warn">no JSON yet: the value before it is what counts</span>}
    </>
  );
}
