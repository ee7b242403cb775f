import { createElement } from 'lwc';
import { graphql } from 'lightning/graphql';
import SocialContext from 'c/socialContext';
import { answer, PERSONA, POST, RECORD } from './answers';

const NOWHERE = [null, undefined, '', 'javascript:alert(1)', ' JAVASCRIPT:alert(1)', 'data:text/html,x', '//', 'file:///etc/passwd'];
const HOSTILE = [
    '<img src=x onerror=alert(1)>',
    '"><script>alert(1)</script>',
    '{recordId} ${recordId} {{recordId}}',
    '</blockquote></template><b>bold</b>'
];

function shown(object = 'Lead') {
    const element = createElement('c-social-context', { is: SocialContext });
    element.recordId = '00Q000000000001';
    element.objectApiName = object;
    document.body.appendChild(element);
    return element.shadowRoot;
}

const settled = () => Promise.resolve();
const textOf = (root, selector) => [...root.querySelectorAll(selector)].map((each) => each.textContent.trim());

async function told(object, parts) {
    const root = shown(object);
    graphql.emit(answer(object ?? 'Lead', parts));
    await settled();
    return root;
}

afterEach(() => {
    document.body.replaceChildren();
    jest.clearAllMocks();
});

describe('what is asked', () => {
    it('asks for the record of the page', async () => {
        shown('Contact');
        await settled();
        expect(graphql.getLastConfig().variables).toEqual({ id: '00Q000000000001' });
    });
});

describe('while it waits', () => {
    it('says so to the eye and to a screen reader', async () => {
        const root = shown();
        await settled();
        expect(textOf(root, '[role="status"]')).toEqual(['Looking up who this is…']);
        expect(root.querySelector('article').getAttribute('aria-busy')).toBe('true');
    });
});

describe.each(['Lead', 'Contact', 'Account'])('on the page of a %s', (object) => {
    it('says who this is in public', async () => {
        const root = await told(object);
        expect(textOf(root, '.persona .name')).toEqual(['Ana Petrov']);
        expect(textOf(root, '.persona p:nth-of-type(2)')).toEqual(['ana@mastodon.test on mastodon · verified there']);
        expect(textOf(root, '.persona dt')).toEqual(['Followers', 'Audience', 'Influence', 'Posts we hold', 'Known since', 'Mood']);
        expect(textOf(root, '.persona dd')[0]).toBe('12,345');
        expect(textOf(root, '.persona dd')[2]).toBe('71.5 of 100');
        expect(textOf(root, '.persona dd')[5]).toBe('↗ rising, 0.42 between -1 and 1');
        expect(root.querySelector('article').getAttribute('aria-busy')).toBe('false');
    });

    it('shows what they said last, with a link to each post', async () => {
        const root = await told(object);
        expect(textOf(root, '.words')).toEqual([POST.Text__c]);
        expect(textOf(root, '.post .slds-badge')).toEqual(['purchase', 'positive']);
        const link = root.querySelector('.post a');
        expect(link.href).toBe(POST.URL__c);
        expect(link.rel).toContain('noopener');
        expect(link.getAttribute('aria-label')).toMatch(/^Open the post on mastodon, .*opens in a new tab/);
    });
});

describe('why they are here', () => {
    it('shows the score with its reasons, how it was found, and the way to all of it', async () => {
        const root = await told('Lead');
        const section = root.querySelector('[aria-labelledby^="why"]');
        expect(textOf(section, 'dt')).toEqual(['Intent', 'Grade', 'Fit', 'Behaviour', 'Sureness', 'Chance to win', 'Mood']);
        expect(textOf(section, 'dd')).toEqual(['purchase', 'A1', '70', '54.6', '93%', '18%', 'rising: 0.42 over the last 5']);
        expect(textOf(section, '.reasons li')).toEqual(['fit firm 25', 'behaviour purchase 54.6']);
        expect(textOf(section, '.found li')).toEqual(['Route purchase-lead@1', 'Classifier rules@1']);
        expect(section.querySelector('p a').href).toBe(RECORD.Hub_Link__c);
    });

    it('is left out on an account, which has no score', async () => {
        const root = await told('Account');
        expect(root.querySelector('[aria-labelledby^="why"]')).toBeNull();
    });

    it('leaves out what is not known', async () => {
        const record = { Id: '00Q000000000001', Hub_Intent__c: 'purchase', Hub_Score__c: 0, Hub_Fit__c: null };
        const root = await told('Lead', { record });
        const section = root.querySelector('[aria-labelledby^="why"]');
        expect(textOf(section, 'dt')).toEqual(['Intent', 'Sureness']);
        expect(section.querySelector('.reasons')).toBeNull();
        expect(section.querySelector('details')).toBeNull();
    });
});

describe('when there is nothing', () => {
    it('says so', async () => {
        const root = await told('Lead', { record: { Id: '00Q000000000001' }, personas: [] });
        expect(textOf(root, '[role="status"]')).toEqual(['Nothing is known of this record from public posts yet.']);
        expect(root.querySelector('section')).toBeNull();
    });

    it('says so for an account without persons', async () => {
        const root = await told('Account', { personas: [] });
        expect(root.querySelectorAll('[role="status"]')).toHaveLength(1);
    });
});

describe('when it fails', () => {
    it('says what may be wrong, and tries again when asked', async () => {
        const root = shown();
        const refresh = jest.fn().mockResolvedValue();
        graphql.emitErrors([{ message: 'No such field <b>Hub_Fit__c</b>' }], undefined, refresh);
        await settled();
        expect(root.querySelector('[role="alert"]').textContent).toContain('permission set');
        expect(root.textContent).not.toContain('Hub_Fit__c');
        root.querySelector('button').click();
        expect(refresh).toHaveBeenCalledTimes(1);
        graphql.emit(answer('Lead'));
        await settled();
        expect(root.querySelector('[role="alert"]')).toBeNull();
        expect(textOf(root, '.persona .name')).toEqual(['Ana Petrov']);
    });

    it('stays with the trouble when trying again fails too', async () => {
        const root = shown();
        const refresh = jest.fn().mockRejectedValue(new Error('offline'));
        graphql.emitErrors([{ message: 'offline' }], undefined, refresh);
        await settled();
        root.querySelector('button').click();
        await settled();
        await settled();
        await settled();
        expect(root.querySelector('[role="alert"]')).not.toBeNull();
    });

    it('says on which pages it belongs', async () => {
        const root = shown('Opportunity');
        await settled();
        expect(root.querySelector('[role="alert"]').textContent).toContain('lead, a contact or an account');
        expect(root.querySelector('button')).toBeNull();
    });
});

describe('what people wrote is text and nothing else', () => {
    it.each(HOSTILE)('%s', async (text) => {
        const persona = { ...PERSONA, Display_Name__c: text, Handle__c: text, Network__c: text, Audience__c: text };
        const post = { ...POST, Text__c: text, Network__c: text, Kind__c: text, Intent__c: text, Sentiment__c: text };
        const record = { ...RECORD, Hub_Reasons__c: text, Hub_Why__c: text, Hub_Intent__c: text };
        const root = await told('Lead', { record, personas: [[persona, [post]]] });
        expect(textOf(root, '.words')).toEqual([text]);
        expect(textOf(root, '.persona .name')).toEqual([text]);
        expect(root.querySelectorAll('img, script, b, iframe')).toHaveLength(0);
    });

    it.each(NOWHERE)('an address that leads nowhere is no link: %s', async (url) => {
        const persona = { ...PERSONA, Profile_URL__c: url };
        const root = await told('Lead', {
            record: { ...RECORD, Hub_Link__c: url },
            personas: [[persona, [{ ...POST, URL__c: url }]]]
        });
        expect(root.querySelectorAll('a')).toHaveLength(0);
        expect(textOf(root, '.persona .name')).toEqual(['Ana Petrov']);
    });

    it('does not let a name turn the reading direction, or hide what it is', async () => {
        const persona = { ...PERSONA, Display_Name__c: 'Ana\u202e vortep\u2066\u200b' };
        const root = await told('Lead', { personas: [[persona, []]] });
        expect(textOf(root, '.persona .name')).toEqual(['Ana vortep']);
        expect(root.querySelector('.persona .name').dir).toBe('auto');
    });

    it('a name of nothing but what is unseen has a stand-in', async () => {
        const persona = { ...PERSONA, Display_Name__c: '\u200b\u202e', Handle__c: ' ' };
        const root = await told('Lead', { personas: [[persona, []]] });
        expect(textOf(root, '.persona .name')).toEqual(['Somebody without a name']);
    });

    it('shortens a long post between characters', async () => {
        const post = { ...POST, Text__c: '😀'.repeat(1000) };
        const root = await told('Lead', { personas: [[PERSONA, [post]]] });
        expect([...textOf(root, '.words')[0]]).toHaveLength(400);
        expect(textOf(root, '.words')[0].endsWith('😀…')).toBe(true);
    });
});

describe('several accounts of one person', () => {
    it('shows the newest posts of all of them, five at most', async () => {
        const at = (day) => ({ ...POST, Id: `p${day}`, Text__c: `day ${day}`, Posted_At__c: `2026-03-${String(day).padStart(2, '0')}T08:00:00.000Z` });
        const other = { ...PERSONA, Id: 'a00000000000002', Network__c: 'x', Handle__c: 'ana_p', Display_Name__c: null };
        const root = await told('Contact', {
            personas: [[PERSONA, [at(9), at(5), at(1)]], [other, [at(8), at(7), at(2)]]]
        });
        expect(textOf(root, '.persona .name')).toEqual(['Ana Petrov', 'ana_p']);
        expect(textOf(root, '.words')).toEqual(['day 9', 'day 8', 'day 7', 'day 5', 'day 2']);
    });

    it('shows a mood that is not known to nobody', async () => {
        const persona = { ...PERSONA, Sentiment_Trend__c: 'unknown', Verified__c: false };
        const root = await told('Lead', { personas: [[persona, []]] });
        expect(textOf(root, '.persona dt')).not.toContain('Mood');
        expect(root.querySelector('.persona').textContent).not.toContain('verified');
        expect(root.querySelector('[aria-labelledby^="said"]')).toBeNull();
    });
});
