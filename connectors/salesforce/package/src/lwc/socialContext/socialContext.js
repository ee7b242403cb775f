/**
 * Social context: who this person is in public, why they are here, how their mood moves, and what they said last.
 *
 * It only reads, through Salesforce's own GraphQL API, so record sharing and field security of the reader hold.
 */
import { api, LightningElement, wire } from 'lwc';
import { graphql } from 'lightning/graphql';
import LOCALE from '@salesforce/i18n/locale';
import TIME_ZONE from '@salesforce/i18n/timeZone';
import { QUERIES } from './queries';
import { persona, posts, reasons, records, speech } from './view';

export default class SocialContext extends LightningElement {
    /** The record of the page: a Lead, a Contact or an Account. */
    @api recordId;
    @api objectApiName;

    /** The last answer of the wire: { data, errors, refresh }. */
    told = {};
    asking = false;

    @wire(graphql, { query: '$query', variables: '$variables' })
    hear(told) {
        this.told = told ?? {};
        this.asking = false;
    }

    get query() {
        return this.recordId ? QUERIES[this.objectApiName] : undefined;
    }

    get variables() {
        return { id: this.recordId };
    }

    // What is shown: waiting, trouble, nothing, or what is known.

    get isMisplaced() {
        return Boolean(this.objectApiName) && !(this.objectApiName in QUERIES);
    }

    get isFailed() {
        return this.isMisplaced || Boolean(this.told.errors?.length);
    }

    get isLoading() {
        return !this.isFailed && (this.asking || !this.told.data);
    }

    get isEmpty() {
        return !this.isFailed && !this.isLoading && !this.personas.length && !this.reasons;
    }

    get trouble() {
        return this.isMisplaced
            ? 'This component belongs on the page of a lead, a contact or an account.'
            : 'The social context could not be read. You may lack the permission set "Social Intelligence Hub: reader"; an administrator can assign it.';
    }

    get mayRetry() {
        return !this.isMisplaced && typeof this.told.refresh === 'function';
    }

    async retry() {
        this.asking = true;
        try {
            await this.told.refresh();
        } catch {
            // The trouble is on the page still.
        } finally {
            this.asking = false;
        }
    }

    // What is known.

    get found() {
        return this.told.data?.uiapi?.query ?? {};
    }

    get rows() {
        return records(this.found.SocialPersona__c);
    }

    get personas() {
        return this.rows.map((row) => persona(row, this.say));
    }

    get posts() {
        return posts(this.rows, this.say);
    }

    get hasPosts() {
        return this.posts.length > 0;
    }

    get reasons() {
        return reasons(records(this.found[this.objectApiName])[0], this.say);
    }

    get hasReasons() {
        return Boolean(this.reasons?.reasons.length);
    }

    get hasWhy() {
        return Boolean(this.reasons?.why.length);
    }

    get say() {
        return speech(LOCALE, TIME_ZONE);
    }
}
