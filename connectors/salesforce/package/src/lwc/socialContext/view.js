/**
 * From Salesforce's answer to what is shown. Everything that people wrote elsewhere stays text: the template escapes it,
 * and an address becomes a link only if it is one of http or https.
 */
const ARROWS = { rising: '↗', falling: '↘', steady: '→' };
const TONES = { positive: 'slds-theme_success', negative: 'slds-theme_error' };
const MOST_POSTS = 5;
const MOST_CHARACTERS = 400; // of one post; the rest is behind its link
// What turns the reading direction of all that follows, and what no reader sees.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

/** The records of a connection, each as { Id, field: value }. */
export function records(connection) {
    return (connection?.edges ?? []).map(({ node }) => {
        const plain = {};
        for (const [name, field] of Object.entries(node ?? {})) {
            const isValue = field !== null && typeof field === 'object' && 'value' in field;
            plain[name] = isValue ? field.value : field;
        }
        return plain;
    });
}

/** The text without what cannot be seen; null for none. */
export function visible(text) {
    const seen = typeof text === 'string' ? text.replace(UNSEEN, '').trim() : '';
    return seen || null;
}

/** The address, if a browser may follow it; null for any other scheme. */
export function address(url) {
    try {
        const parsed = new URL(url);
        return ['http:', 'https:'].includes(parsed.protocol) ? parsed.href : null;
    } catch {
        return null;
    }
}

/** One account of the person. */
export function persona(row, say) {
    const name = visible(row.Display_Name__c) ?? visible(row.Handle__c) ?? 'Somebody without a name';
    const handle = visible(row.Handle__c);
    const network = visible(row.Network__c) ?? 'an unknown network';
    const trend = visible(row.Sentiment_Trend__c);
    const facts = [
        ['Followers', say.number(row.Followers__c)],
        ['Audience', visible(row.Audience__c)],
        ['Influence', say.number(row.Influence__c, (number) => `${number} of 100`)],
        ['Posts we hold', say.number(row.Posts_Seen__c)],
        ['Known since', say.date(row.First_Seen__c)]
    ];
    return {
        key: row.Id,
        name,
        handle: handle === name ? null : handle,
        network,
        profile: address(row.Profile_URL__c),
        profileLabel: `${name} on ${network} (opens in a new tab)`,
        verified: row.Verified__c === true,
        facts: facts.filter(([, value]) => value).map(([label, value]) => ({ label, value })),
        mood: mood(trend, row.Sentiment_Score__c, say)
    };
}

/** How somebody's mood moves: a word, an arrow for the eye, and the number behind it. */
function mood(trend, score, say) {
    if (!trend || trend === 'unknown') {
        return null;
    }
    return {
        word: trend,
        arrow: ARROWS[trend] ?? '',
        score: say.number(score, (number) => `${number} between -1 and 1`)
    };
}

/** The newest posts of all the accounts together. */
export function posts(rows, say) {
    const all = rows.flatMap((row) => records(row.SocialPosts__r));
    all.sort((one, other) => String(other.Posted_At__c ?? '').localeCompare(String(one.Posted_At__c ?? '')));
    return all.slice(0, MOST_POSTS).map((row) => post(row, say));
}

function shortened(text) {
    const characters = [...(text ?? '')];
    return characters.length > MOST_CHARACTERS ? `${characters.slice(0, MOST_CHARACTERS - 1).join('').trimEnd()}…` : text;
}

function post(row, say) {
    const network = visible(row.Network__c) ?? 'an unknown network';
    const when = say.moment(row.Posted_At__c);
    const sentiment = visible(row.Sentiment__c);
    const intent = visible(row.Intent__c);
    const said = [visible(row.Kind__c) ?? 'post', 'on', network].join(' ');
    return {
        key: row.Id,
        text: shortened(visible(row.Text__c)) ?? 'Without words',
        title: said.charAt(0).toUpperCase() + said.slice(1),
        when,
        iso: row.Posted_At__c,
        intent: intent === 'none' ? null : intent,
        sentiment,
        tone: `slds-badge ${TONES[sentiment] ?? ''}`.trim(),
        url: address(row.URL__c),
        label: `Open the ${said}${when ? `, ${when}` : ''} (opens in a new tab)`
    };
}

/** Why the record is here: the score with its reasons, and what it was found by. */
export function reasons(row, say) {
    if (!row) {
        return null;
    }
    const scores = [
        ['Intent', visible(row.Hub_Intent__c)],
        ['Grade', visible(row.Hub_Grade__c)],
        ['Fit', say.number(row.Hub_Fit__c)],
        ['Behaviour', say.number(row.Hub_Behaviour__c)],
        ['Sureness', say.share(row.Hub_Score__c)],
        ['Chance to win', say.share(row.Hub_Chance__c)],
        ['Mood', visible(row.Hub_Sentiment_Trend__c)]
    ];
    const found = {
        scores: scores.filter(([, value]) => value).map(([label, value]) => ({ label, value })),
        reasons: lines(row.Hub_Reasons__c),
        why: lines(row.Hub_Why__c),
        link: address(row.Hub_Link__c)
    };
    return found.scores.length || found.reasons.length || found.why.length || found.link ? found : null;
}

function lines(text) {
    return String(text ?? '')
        .split('\n')
        .map(visible)
        .filter(Boolean)
        .map((line, place) => ({ key: `${place}`, line }));
}

/** How numbers and times are said where the reader lives; null for what is not known. */
export function speech(locale, timeZone) {
    const number = (value, say = (text) => text, options = { maximumFractionDigits: 2 }) =>
        Number.isFinite(value) ? say(new Intl.NumberFormat(locale, options).format(value)) : null;
    const date = (value, options) => {
        const moment = new Date(value);
        return value && !Number.isNaN(moment.getTime())
            ? new Intl.DateTimeFormat(locale, { ...options, timeZone }).format(moment)
            : null;
    };
    return {
        number,
        share: (value) => number(value, undefined, { style: 'percent' }),
        date: (value) => date(value, { dateStyle: 'medium' }),
        moment: (value) => date(value, { dateStyle: 'medium', timeStyle: 'short' })
    };
}
