var e=`M5,20H19V18H5M19,9H15V3H9V9H5L12,16L19,9Z`,t=`M21,16.5C21,16.88 20.79,17.21 20.47,17.38L12.57,21.82C12.41,21.94 12.21,22 12,22C11.79,22 11.59,21.94 11.43,21.82L3.53,17.38C3.21,17.21 3,16.88 3,16.5V7.5C3,7.12 3.21,6.79 3.53,6.62L11.43,2.18C11.59,2.06 11.79,2 12,2C12.21,2 12.41,2.06 12.57,2.18L20.47,6.62C20.79,6.79 21,7.12 21,7.5V16.5M12,4.15L10.11,5.22L16,8.61L17.96,7.5L12,4.15M6.04,7.5L12,10.85L13.96,9.75L8.08,6.35L6.04,7.5M5,15.91L11,19.29V12.58L5,9.21V15.91M19,15.91V9.21L13,12.58V19.29L19,15.91Z`,n=`M4,1H20A1,1 0 0,1 21,2V6A1,1 0 0,1 20,7H4A1,1 0 0,1 3,6V2A1,1 0 0,1 4,1M4,9H20A1,1 0 0,1 21,10V14A1,1 0 0,1 20,15H4A1,1 0 0,1 3,14V10A1,1 0 0,1 4,9M4,17H20A1,1 0 0,1 21,18V22A1,1 0 0,1 20,23H4A1,1 0 0,1 3,22V18A1,1 0 0,1 4,17M9,5H10V3H9V5M9,13H10V11H9V13M9,21H10V19H9V21M5,3V5H7V3H5M5,11V13H7V11H5M5,19V21H7V19H5Z`,r=`M9,16V10H5L12,3L19,10H15V16H9M5,20V18H19V20H5Z`,i=globalThis,a=i.ShadowRoot&&(i.ShadyCSS===void 0||i.ShadyCSS.nativeShadow)&&`adoptedStyleSheets`in Document.prototype&&`replace`in CSSStyleSheet.prototype,o=Symbol(),s=new WeakMap,c=class{constructor(e,t,n){if(this._$cssResult$=!0,n!==o)throw Error("CSSResult is not constructable. Use `unsafeCSS` or `css` instead.");this.cssText=e,this.t=t}get styleSheet(){let e=this.o,t=this.t;if(a&&e===void 0){let n=t!==void 0&&t.length===1;n&&(e=s.get(t)),e===void 0&&((this.o=e=new CSSStyleSheet).replaceSync(this.cssText),n&&s.set(t,e))}return e}toString(){return this.cssText}},l=e=>new c(typeof e==`string`?e:e+``,void 0,o),u=(e,...t)=>new c(e.length===1?e[0]:t.reduce((t,n,r)=>t+(e=>{if(!0===e._$cssResult$)return e.cssText;if(typeof e==`number`)return e;throw Error(`Value passed to 'css' function must be a 'css' function result: `+e+`. Use 'unsafeCSS' to pass non-literal values, but take care to ensure page security.`)})(n)+e[r+1],e[0]),e,o),d=(e,t)=>{if(a)e.adoptedStyleSheets=t.map(e=>e instanceof CSSStyleSheet?e:e.styleSheet);else for(let n of t){let t=document.createElement(`style`),r=i.litNonce;r!==void 0&&t.setAttribute(`nonce`,r),t.textContent=n.cssText,e.appendChild(t)}},f=a?e=>e:e=>e instanceof CSSStyleSheet?(e=>{let t=``;for(let n of e.cssRules)t+=n.cssText;return l(t)})(e):e,{is:p,defineProperty:m,getOwnPropertyDescriptor:h,getOwnPropertyNames:ee,getOwnPropertySymbols:te,getPrototypeOf:ne}=Object,re=globalThis,ie=re.trustedTypes,ae=ie?ie.emptyScript:``,oe=re.reactiveElementPolyfillSupport,g=(e,t)=>e,se={toAttribute(e,t){switch(t){case Boolean:e=e?ae:null;break;case Object:case Array:e=e==null?e:JSON.stringify(e)}return e},fromAttribute(e,t){let n=e;switch(t){case Boolean:n=e!==null;break;case Number:n=e===null?null:Number(e);break;case Object:case Array:try{n=JSON.parse(e)}catch{n=null}}return n}},ce=(e,t)=>!p(e,t),le={attribute:!0,type:String,converter:se,reflect:!1,useDefault:!1,hasChanged:ce};Symbol.metadata??=Symbol(`metadata`),re.litPropertyMetadata??=new WeakMap;var _=class extends HTMLElement{static addInitializer(e){this._$Ei(),(this.l??=[]).push(e)}static get observedAttributes(){return this.finalize(),this._$Eh&&[...this._$Eh.keys()]}static createProperty(e,t=le){if(t.state&&(t.attribute=!1),this._$Ei(),this.prototype.hasOwnProperty(e)&&((t=Object.create(t)).wrapped=!0),this.elementProperties.set(e,t),!t.noAccessor){let n=Symbol(),r=this.getPropertyDescriptor(e,n,t);r!==void 0&&m(this.prototype,e,r)}}static getPropertyDescriptor(e,t,n){let{get:r,set:i}=h(this.prototype,e)??{get(){return this[t]},set(e){this[t]=e}};return{get:r,set(t){let a=r?.call(this);i?.call(this,t),this.requestUpdate(e,a,n)},configurable:!0,enumerable:!0}}static getPropertyOptions(e){return this.elementProperties.get(e)??le}static _$Ei(){if(this.hasOwnProperty(g(`elementProperties`)))return;let e=ne(this);e.finalize(),e.l!==void 0&&(this.l=[...e.l]),this.elementProperties=new Map(e.elementProperties)}static finalize(){if(this.hasOwnProperty(g(`finalized`)))return;if(this.finalized=!0,this._$Ei(),this.hasOwnProperty(g(`properties`))){let e=this.properties,t=[...ee(e),...te(e)];for(let n of t)this.createProperty(n,e[n])}let e=this[Symbol.metadata];if(e!==null){let t=litPropertyMetadata.get(e);if(t!==void 0)for(let[e,n]of t)this.elementProperties.set(e,n)}this._$Eh=new Map;for(let[e,t]of this.elementProperties){let n=this._$Eu(e,t);n!==void 0&&this._$Eh.set(n,e)}this.elementStyles=this.finalizeStyles(this.styles)}static finalizeStyles(e){let t=[];if(Array.isArray(e)){let n=new Set(e.flat(1/0).reverse());for(let e of n)t.unshift(f(e))}else e!==void 0&&t.push(f(e));return t}static _$Eu(e,t){let n=t.attribute;return!1===n?void 0:typeof n==`string`?n:typeof e==`string`?e.toLowerCase():void 0}constructor(){super(),this._$Ep=void 0,this.isUpdatePending=!1,this.hasUpdated=!1,this._$Em=null,this._$Ev()}_$Ev(){this._$ES=new Promise(e=>this.enableUpdating=e),this._$AL=new Map,this._$E_(),this.requestUpdate(),this.constructor.l?.forEach(e=>e(this))}addController(e){(this._$EO??=new Set).add(e),this.renderRoot!==void 0&&this.isConnected&&e.hostConnected?.()}removeController(e){this._$EO?.delete(e)}_$E_(){let e=new Map,t=this.constructor.elementProperties;for(let n of t.keys())this.hasOwnProperty(n)&&(e.set(n,this[n]),delete this[n]);e.size>0&&(this._$Ep=e)}createRenderRoot(){let e=this.shadowRoot??this.attachShadow(this.constructor.shadowRootOptions);return d(e,this.constructor.elementStyles),e}connectedCallback(){this.renderRoot??=this.createRenderRoot(),this.enableUpdating(!0),this._$EO?.forEach(e=>e.hostConnected?.())}enableUpdating(e){}disconnectedCallback(){this._$EO?.forEach(e=>e.hostDisconnected?.())}attributeChangedCallback(e,t,n){this._$AK(e,n)}_$ET(e,t){let n=this.constructor.elementProperties.get(e),r=this.constructor._$Eu(e,n);if(r!==void 0&&!0===n.reflect){let i=(n.converter?.toAttribute===void 0?se:n.converter).toAttribute(t,n.type);this._$Em=e,i==null?this.removeAttribute(r):this.setAttribute(r,i),this._$Em=null}}_$AK(e,t){let n=this.constructor,r=n._$Eh.get(e);if(r!==void 0&&this._$Em!==r){let e=n.getPropertyOptions(r),i=typeof e.converter==`function`?{fromAttribute:e.converter}:e.converter?.fromAttribute===void 0?se:e.converter;this._$Em=r;let a=i.fromAttribute(t,e.type);this[r]=a??this._$Ej?.get(r)??a,this._$Em=null}}requestUpdate(e,t,n,r=!1,i){if(e!==void 0){let a=this.constructor;if(!1===r&&(i=this[e]),n??=a.getPropertyOptions(e),!((n.hasChanged??ce)(i,t)||n.useDefault&&n.reflect&&i===this._$Ej?.get(e)&&!this.hasAttribute(a._$Eu(e,n))))return;this.C(e,t,n)}!1===this.isUpdatePending&&(this._$ES=this._$EP())}C(e,t,{useDefault:n,reflect:r,wrapped:i},a){n&&!(this._$Ej??=new Map).has(e)&&(this._$Ej.set(e,a??t??this[e]),!0!==i||a!==void 0)||(this._$AL.has(e)||(this.hasUpdated||n||(t=void 0),this._$AL.set(e,t)),!0===r&&this._$Em!==e&&(this._$Eq??=new Set).add(e))}async _$EP(){this.isUpdatePending=!0;try{await this._$ES}catch(e){Promise.reject(e)}let e=this.scheduleUpdate();return e!=null&&await e,!this.isUpdatePending}scheduleUpdate(){return this.performUpdate()}performUpdate(){if(!this.isUpdatePending)return;if(!this.hasUpdated){if(this.renderRoot??=this.createRenderRoot(),this._$Ep){for(let[e,t]of this._$Ep)this[e]=t;this._$Ep=void 0}let e=this.constructor.elementProperties;if(e.size>0)for(let[t,n]of e){let{wrapped:e}=n,r=this[t];!0!==e||this._$AL.has(t)||r===void 0||this.C(t,void 0,n,r)}}let e=!1,t=this._$AL;try{e=this.shouldUpdate(t),e?(this.willUpdate(t),this._$EO?.forEach(e=>e.hostUpdate?.()),this.update(t)):this._$EM()}catch(t){throw e=!1,this._$EM(),t}e&&this._$AE(t)}willUpdate(e){}_$AE(e){this._$EO?.forEach(e=>e.hostUpdated?.()),this.hasUpdated||(this.hasUpdated=!0,this.firstUpdated(e)),this.updated(e)}_$EM(){this._$AL=new Map,this.isUpdatePending=!1}get updateComplete(){return this.getUpdateComplete()}getUpdateComplete(){return this._$ES}shouldUpdate(e){return!0}update(e){this._$Eq&&=this._$Eq.forEach(e=>this._$ET(e,this[e])),this._$EM()}updated(e){}firstUpdated(e){}};_.elementStyles=[],_.shadowRootOptions={mode:`open`},_[g(`elementProperties`)]=new Map,_[g(`finalized`)]=new Map,oe?.({ReactiveElement:_}),(re.reactiveElementVersions??=[]).push(`2.1.2`);var ue=globalThis,de=e=>e,fe=ue.trustedTypes,pe=fe?fe.createPolicy(`lit-html`,{createHTML:e=>e}):void 0,me=`$lit$`,v=`lit$${Math.random().toFixed(9).slice(2)}$`,he=`?`+v,ge=`<${he}>`,_e=document,ve=()=>_e.createComment(``),ye=e=>e===null||typeof e!=`object`&&typeof e!=`function`,be=Array.isArray,xe=e=>be(e)||typeof e?.[Symbol.iterator]==`function`,Se=`[ 	
\f\r]`,Ce=/<(?:(!--|\/[^a-zA-Z])|(\/?[a-zA-Z][^>\s]*)|(\/?$))/g,y=/-->/g,we=/>/g,Te=RegExp(`>|${Se}(?:([^\\s"'>=/]+)(${Se}*=${Se}*(?:[^ \t\n\f\r"'\`<>=]|("|')|))|$)`,`g`),Ee=/'/g,De=/"/g,Oe=/^(?:script|style|textarea|title)$/i,ke=e=>(t,...n)=>({_$litType$:e,strings:t,values:n}),b=ke(1),Ae=ke(2),je=Symbol.for(`lit-noChange`),x=Symbol.for(`lit-nothing`),Me=new WeakMap,S=_e.createTreeWalker(_e,129);function Ne(e,t){if(!be(e)||!e.hasOwnProperty(`raw`))throw Error(`invalid template strings array`);return pe===void 0?t:pe.createHTML(t)}var C=(e,t)=>{let n=e.length-1,r=[],i,a=t===2?`<svg>`:t===3?`<math>`:``,o=Ce;for(let t=0;t<n;t++){let n=e[t],s,c,l=-1,u=0;for(;u<n.length&&(o.lastIndex=u,c=o.exec(n),c!==null);)u=o.lastIndex,o===Ce?c[1]===`!--`?o=y:c[1]===void 0?c[2]===void 0?c[3]!==void 0&&(o=Te):(Oe.test(c[2])&&(i=RegExp(`</`+c[2],`g`)),o=Te):o=we:o===Te?c[0]===`>`?(o=i??Ce,l=-1):c[1]===void 0?l=-2:(l=o.lastIndex-c[2].length,s=c[1],o=c[3]===void 0?Te:c[3]===`"`?De:Ee):o===De||o===Ee?o=Te:o===y||o===we?o=Ce:(o=Te,i=void 0);let d=o===Te&&e[t+1].startsWith(`/>`)?` `:``;a+=o===Ce?n+ge:l>=0?(r.push(s),n.slice(0,l)+me+n.slice(l)+v+d):n+v+(l===-2?t:d)}return[Ne(e,a+(e[n]||`<?>`)+(t===2?`</svg>`:t===3?`</math>`:``)),r]},Pe=class e{constructor({strings:t,_$litType$:n},r){let i;this.parts=[];let a=0,o=0,s=t.length-1,c=this.parts,[l,u]=C(t,n);if(this.el=e.createElement(l,r),S.currentNode=this.el.content,n===2||n===3){let e=this.el.content.firstChild;e.replaceWith(...e.childNodes)}for(;(i=S.nextNode())!==null&&c.length<s;){if(i.nodeType===1){if(i.hasAttributes())for(let e of i.getAttributeNames())if(e.endsWith(me)){let t=u[o++],n=i.getAttribute(e).split(v),r=/([.?@])?(.*)/.exec(t);c.push({type:1,index:a,name:r[2],strings:n,ctor:r[1]===`.`?ze:r[1]===`?`?Be:r[1]===`@`?w:Re}),i.removeAttribute(e)}else e.startsWith(v)&&(c.push({type:6,index:a}),i.removeAttribute(e));if(Oe.test(i.tagName)){let e=i.textContent.split(v),t=e.length-1;if(t>0){i.textContent=fe?fe.emptyScript:``;for(let n=0;n<t;n++)i.append(e[n],ve()),S.nextNode(),c.push({type:2,index:++a});i.append(e[t],ve())}}}else if(i.nodeType===8){if(i.data===he)c.push({type:2,index:a});else{let e=-1;for(;(e=i.data.indexOf(v,e+1))!==-1;)c.push({type:7,index:a}),e+=v.length-1}}a++}}static createElement(e,t){let n=_e.createElement(`template`);return n.innerHTML=e,n}};function Fe(e,t,n=e,r){if(t===je)return t;let i=r===void 0?n._$Cl:n._$Co?.[r],a=ye(t)?void 0:t._$litDirective$;return i?.constructor!==a&&(i?._$AO?.(!1),a===void 0?i=void 0:(i=new a(e),i._$AT(e,n,r)),r===void 0?n._$Cl=i:(n._$Co??=[])[r]=i),i!==void 0&&(t=Fe(e,i._$AS(e,t.values),i,r)),t}var Ie=class{constructor(e,t){this._$AV=[],this._$AN=void 0,this._$AD=e,this._$AM=t}get parentNode(){return this._$AM.parentNode}get _$AU(){return this._$AM._$AU}u(e){let{el:{content:t},parts:n}=this._$AD,r=(e?.creationScope??_e).importNode(t,!0);S.currentNode=r;let i=S.nextNode(),a=0,o=0,s=n[0];for(;s!==void 0;){if(a===s.index){let t;s.type===2?t=new Le(i,i.nextSibling,this,e):s.type===1?t=new s.ctor(i,s.name,s.strings,this,e):s.type===6&&(t=new Ve(i,this,e)),this._$AV.push(t),s=n[++o]}a!==s?.index&&(i=S.nextNode(),a++)}return S.currentNode=_e,r}p(e){let t=0;for(let n of this._$AV)n!==void 0&&(n.strings===void 0?n._$AI(e[t]):(n._$AI(e,n,t),t+=n.strings.length-2)),t++}},Le=class e{get _$AU(){return this._$AM?._$AU??this._$Cv}constructor(e,t,n,r){this.type=2,this._$AH=x,this._$AN=void 0,this._$AA=e,this._$AB=t,this._$AM=n,this.options=r,this._$Cv=r?.isConnected??!0}get parentNode(){let e=this._$AA.parentNode,t=this._$AM;return t!==void 0&&e?.nodeType===11&&(e=t.parentNode),e}get startNode(){return this._$AA}get endNode(){return this._$AB}_$AI(e,t=this){e=Fe(this,e,t),ye(e)?e===x||e==null||e===``?(this._$AH!==x&&this._$AR(),this._$AH=x):e!==this._$AH&&e!==je&&this._(e):e._$litType$===void 0?e.nodeType===void 0?xe(e)?this.k(e):this._(e):this.T(e):this.$(e)}O(e){return this._$AA.parentNode.insertBefore(e,this._$AB)}T(e){this._$AH!==e&&(this._$AR(),this._$AH=this.O(e))}_(e){this._$AH!==x&&ye(this._$AH)?this._$AA.nextSibling.data=e:this.T(_e.createTextNode(e)),this._$AH=e}$(e){let{values:t,_$litType$:n}=e,r=typeof n==`number`?this._$AC(e):(n.el===void 0&&(n.el=Pe.createElement(Ne(n.h,n.h[0]),this.options)),n);if(this._$AH?._$AD===r)this._$AH.p(t);else{let e=new Ie(r,this),n=e.u(this.options);e.p(t),this.T(n),this._$AH=e}}_$AC(e){let t=Me.get(e.strings);return t===void 0&&Me.set(e.strings,t=new Pe(e)),t}k(t){be(this._$AH)||(this._$AH=[],this._$AR());let n=this._$AH,r,i=0;for(let a of t)i===n.length?n.push(r=new e(this.O(ve()),this.O(ve()),this,this.options)):r=n[i],r._$AI(a),i++;i<n.length&&(this._$AR(r&&r._$AB.nextSibling,i),n.length=i)}_$AR(e=this._$AA.nextSibling,t){for(this._$AP?.(!1,!0,t);e!==this._$AB;){let t=de(e).nextSibling;de(e).remove(),e=t}}setConnected(e){this._$AM===void 0&&(this._$Cv=e,this._$AP?.(e))}},Re=class{get tagName(){return this.element.tagName}get _$AU(){return this._$AM._$AU}constructor(e,t,n,r,i){this.type=1,this._$AH=x,this._$AN=void 0,this.element=e,this.name=t,this._$AM=r,this.options=i,n.length>2||n[0]!==``||n[1]!==``?(this._$AH=Array(n.length-1).fill(new String),this.strings=n):this._$AH=x}_$AI(e,t=this,n,r){let i=this.strings,a=!1;if(i===void 0)e=Fe(this,e,t,0),a=!ye(e)||e!==this._$AH&&e!==je,a&&(this._$AH=e);else{let r=e,o,s;for(e=i[0],o=0;o<i.length-1;o++)s=Fe(this,r[n+o],t,o),s===je&&(s=this._$AH[o]),a||=!ye(s)||s!==this._$AH[o],s===x?e=x:e!==x&&(e+=(s??``)+i[o+1]),this._$AH[o]=s}a&&!r&&this.j(e)}j(e){e===x?this.element.removeAttribute(this.name):this.element.setAttribute(this.name,e??``)}},ze=class extends Re{constructor(){super(...arguments),this.type=3}j(e){this.element[this.name]=e===x?void 0:e}},Be=class extends Re{constructor(){super(...arguments),this.type=4}j(e){this.element.toggleAttribute(this.name,!!e&&e!==x)}},w=class extends Re{constructor(e,t,n,r,i){super(e,t,n,r,i),this.type=5}_$AI(e,t=this){if((e=Fe(this,e,t,0)??x)===je)return;let n=this._$AH,r=e===x&&n!==x||e.capture!==n.capture||e.once!==n.once||e.passive!==n.passive,i=e!==x&&(n===x||r);r&&this.element.removeEventListener(this.name,this,n),i&&this.element.addEventListener(this.name,this,e),this._$AH=e}handleEvent(e){typeof this._$AH==`function`?this._$AH.call(this.options?.host??this.element,e):this._$AH.handleEvent(e)}},Ve=class{constructor(e,t,n){this.element=e,this.type=6,this._$AN=void 0,this._$AM=t,this.options=n}get _$AU(){return this._$AM._$AU}_$AI(e){Fe(this,e)}},He={M:me,P:v,A:he,C:1,L:C,R:Ie,D:xe,V:Fe,I:Le,H:Re,N:Be,U:w,B:ze,F:Ve},Ue=ue.litHtmlPolyfillSupport;Ue?.(Pe,Le),(ue.litHtmlVersions??=[]).push(`3.3.3`);var We=(e,t,n)=>{let r=n?.renderBefore??t,i=r._$litPart$;if(i===void 0){let e=n?.renderBefore??null;r._$litPart$=i=new Le(t.insertBefore(ve(),e),e,void 0,n??{})}return i._$AI(e),i},Ge=globalThis,T=class extends _{constructor(){super(...arguments),this.renderOptions={host:this},this._$Do=void 0}createRenderRoot(){let e=super.createRenderRoot();return this.renderOptions.renderBefore??=e.firstChild,e}update(e){let t=this.render();this.hasUpdated||(this.renderOptions.isConnected=this.isConnected),super.update(e),this._$Do=We(t,this.renderRoot,this.renderOptions)}connectedCallback(){super.connectedCallback(),this._$Do?.setConnected(!0)}disconnectedCallback(){super.disconnectedCallback(),this._$Do?.setConnected(!1)}render(){return je}};T._$litElement$=!0,T.finalized=!0,Ge.litElementHydrateSupport?.({LitElement:T});var Ke=Ge.litElementPolyfillSupport;Ke?.({LitElement:T}),(Ge.litElementVersions??=[]).push(`4.2.2`);var E=e=>(t,n)=>{n===void 0?customElements.define(e,t):n.addInitializer(()=>{customElements.define(e,t)})},qe={attribute:!0,type:String,converter:se,reflect:!1,hasChanged:ce},Je=(e=qe,t,n)=>{let{kind:r,metadata:i}=n,a=globalThis.litPropertyMetadata.get(i);if(a===void 0&&globalThis.litPropertyMetadata.set(i,a=new Map),r===`setter`&&((e=Object.create(e)).wrapped=!0),a.set(n.name,e),r===`accessor`){let{name:r}=n;return{set(n){let i=t.get.call(this);t.set.call(this,n),this.requestUpdate(r,i,e,!0,n)},init(t){return t!==void 0&&this.C(r,void 0,e,t),t}}}if(r===`setter`){let{name:r}=n;return function(n){let i=this[r];t.call(this,n),this.requestUpdate(r,i,e,!0,n)}}throw Error(`Unsupported decorator location: `+r)};function D(e){return(t,n)=>typeof n==`object`?Je(e,t,n):((e,t,n)=>{let r=t.hasOwnProperty(n);return t.constructor.createProperty(n,e),r?Object.getOwnPropertyDescriptor(t,n):void 0})(e,t,n)}function O(e){return D({...e,state:!0,attribute:!1})}var Ye=(e,t,n)=>(n.configurable=!0,n.enumerable=!0,Reflect.decorate&&typeof t!=`object`&&Object.defineProperty(e,t,n),n);function Xe(e,t){return(n,r,i)=>{let a=t=>t.renderRoot?.querySelector(e)??null;if(t){let{get:e,set:t}=typeof r==`object`?n:i??(()=>{let e=Symbol();return{get(){return this[e]},set(t){this[e]=t}}})();return Ye(n,r,{get(){let n=e.call(this);return n===void 0&&(n=a(this),(n!==null||this.hasUpdated)&&t.call(this,n)),n}})}return Ye(n,r,{get(){return a(this)}})}}var Ze=new URL(`icon-FZx2qIv2.svg`,import.meta.url).href;function k(e){return b`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${Ae`<path d=${e}></path>`}</svg>`}var A=u`
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  :host {
    display: block;
  }
  [hidden] {
    display: none !important;
  }
  h1,
  h2,
  h3,
  p,
  ul,
  dl,
  dd {
    margin: 0;
    padding: 0;
  }
  h1 {
    font-size: 1.5rem;
    line-height: 1.25;
    font-weight: 500;
    overflow-wrap: anywhere;
  }
  h2 {
    font-size: 1.0625rem;
    font-weight: 500;
  }
  ul {
    list-style: none;
  }
  a {
    color: var(--link);
  }
  svg.icon {
    width: 1.5em;
    height: 1.5em;
    fill: currentcolor;
    flex: none;
    display: block;
  }
  .card {
    background: var(--surface);
    border: 1px solid var(--line);
    border-radius: var(--radius);
    box-shadow: var(--shadow);
    padding: 20px;
  }
  .stack {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 16px;
  }
  .row {
    display: flex;
    gap: 8px;
    align-items: center;
    flex-wrap: wrap;
  }
  .grow {
    flex: 1 1 auto;
    min-width: 0;
  }
  .muted {
    color: var(--muted);
  }
  .small {
    font-size: 0.875rem;
  }
  .text {
    overflow-wrap: anywhere;
    min-width: 0;
  }
  .visually-hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  button,
  .button,
  input,
  select,
  textarea {
    font: inherit;
    color: inherit;
  }
  button,
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 8px;
    min-height: 42px;
    padding: 6px 16px;
    border-radius: 999px;
    border: 1px solid var(--line);
    background: transparent;
    font-weight: 500;
    text-decoration: none;
    cursor: pointer;
    color: var(--text);
    white-space: nowrap;
  }
  button svg.icon,
  .button svg.icon {
    width: 20px;
    height: 20px;
  }
  button:hover:not(:disabled),
  .button:hover {
    background: var(--primary-soft);
  }
  button.primary {
    background: var(--primary);
    border-color: transparent;
    color: var(--on-primary);
  }
  button.primary:hover:not(:disabled) {
    background: var(--primary-strong);
  }
  button.danger {
    color: var(--danger);
  }
  button.danger:hover:not(:disabled) {
    background: var(--danger-soft);
  }
  button.plain {
    border-color: transparent;
  }
  button.round {
    padding: 0;
    width: 42px;
    flex: none;
    border-color: transparent;
  }
  button:disabled {
    cursor: default;
    opacity: 0.55;
  }
  :focus-visible {
    outline: 2px solid var(--link);
    outline-offset: 2px;
  }
  label {
    display: block;
    font-size: 0.875rem;
    color: var(--muted);
    margin-bottom: 4px;
  }
  input,
  select,
  textarea {
    width: 100%;
    min-height: 42px;
    padding: 8px 12px;
    border: 1px solid transparent;
    border-bottom-color: var(--muted);
    border-radius: 10px 10px 4px 4px;
    background: var(--field);
  }
  textarea {
    min-height: 7rem;
    resize: vertical;
    font-size: 0.9375rem;
  }
  progress {
    appearance: none;
    width: 100%;
    height: 8px;
    border: 0;
    border-radius: 999px;
    overflow: hidden;
    background: var(--line);
    display: block;
  }
  progress::-webkit-progress-bar {
    background: var(--line);
  }
  progress::-webkit-progress-value {
    background: var(--primary);
    border-radius: 999px;
    transition: inline-size 0.3s;
  }
  progress::-moz-progress-bar {
    background: var(--primary);
  }
  .badge {
    display: inline-flex;
    align-items: center;
    gap: 4px;
    border-radius: 999px;
    padding: 2px 10px;
    font-size: 0.8125rem;
    font-weight: 500;
    background: var(--primary-soft);
    color: var(--link);
    white-space: nowrap;
  }
  .badge svg.icon {
    width: 16px;
    height: 16px;
  }
  .badge.off {
    background: var(--warning-soft);
    color: var(--warning-text);
  }
  .badge.done {
    background: var(--success-soft);
    color: var(--success-text);
  }
  .badge.bad {
    background: var(--danger-soft);
    color: var(--danger);
  }
  .alert {
    display: flex;
    gap: 10px;
    align-items: flex-start;
    border-radius: 10px;
    padding: 10px 14px;
    background: var(--danger-soft);
    color: var(--danger);
    overflow-wrap: anywhere;
  }
  .alert.warning {
    background: var(--warning-soft);
    color: var(--warning-text);
  }
  .alert svg.icon {
    width: 22px;
    height: 22px;
    margin-top: 1px;
  }
  @media (max-width: 600px) {
    .card {
      padding: 16px;
    }
  }
  @media (prefers-reduced-motion: reduce) {
    * {
      transition: none !important;
      animation: none !important;
    }
  }
`,Qe={page:{title:`MQTT OTA depot`,skip:`Skip to the content`,sections:`Sections`,lost:`The depot does not answer. Trying again…`},key:{title:`Open the depot`,label:`API key`,help:`The command {command} shows it, and so do the settings of the app in Home Assistant. It is kept until this tab is closed.`,open:`Open`,forget:`Forget the key`,renew:`Renew the key`,renew_help:`The old key is refused from then on. Home Assistant follows by itself where it found the depot through the app; everywhere else the new key must be entered.`,renew_now:`Renew now`},kinds:{firmware:`Firmware`,software:`Software`},orders:{newest:`Newest first`,model:`By model`,size:`Largest first`,downloads:`Most downloads first`},packages:{title:`Packages`,search:`Search`,order:`Order`,none:`No packages yet`,none_help:`Drop a file here. Its name, version and chip are read from the file itself where it tells them.`,not_found:`No package has all of these words.`,found:`Packages found: {count}`,withdrawn:`Withdrawn`,downloading:`Downloads: {count}`},package:{gone:`This package is not in the depot any more`,edit:`Edit`,withdraw:`Withdraw`,restore:`Restore`,delete:`Delete`,cancel:`Cancel`,save:`Save`,details:`Details`,no_notes:`No release notes.`,no_downloads:`No device was told to download this package.`,any_version:`Any version`,size:`{size} ({bytes} bytes)`},installations:{title:`Installed on`,none:`No device runs this version.`,untold:`Home Assistant has not told yet what devices run.`},fields:{kind:`Kind`,model:`Model`,version:`Version`,more:`Release notes and more`,release_notes:`Release notes`,source_versions:`Upgrades from`,source_versions_help:`Versions that can be upgraded, separated by commas. Leave it empty for any version.`,custom_info:`Text for the device`,custom_info_help:`Handed to the device as it is, together with the download.`,size:`Size`,file_name:`File`,created_at:`Uploaded`,chip:`Chip`,format:`Format`,project:`Project in the file`,framework:`ESP-IDF`,built:`Built`,secure_version:`Secure version`},formats:{elf:`ELF program`,esp:`ESP application`,esp_factory:`ESP factory image`,gzip:`gzip archive`,intel_hex:`Intel HEX`,mcuboot:`MCUboot image`,uf2:`UF2 image`,zigbee:`Zigbee upgrade file`,zip:`ZIP archive`},header:{framework:`ESP-IDF {version}`,built:`built {when}`,secure_version:`secure version {version}`},upload:{choose:`Upload packages`,drop:`Drop the files to upload them`,start:`Upload`,again:`Try again`,cancel:`Leave out {name}`,dismiss:`Dismiss {name}`,reading:`Reading the file…`,waiting:`Waiting for the files before it`,storing:`Writing and checking…`,progress:`Upload of {name}`,left:`{time} left`,done:`In the depot:`,empty:`The file is empty. Choose another one.`,factory:`This looks like an image for the serial port, with boot loader and partition table. Devices cannot take it over the air: upload the application alone.`,wrong_chip:`The file is built for {chip}, but {model} {version} is for {known}. Devices of this model would not start it. Choose another file or another model; if the older package is the wrong one, withdraw it first.`,all:`Upload all ({count})`},undo:{deleted:`{name} is deleted`,undo:`Undo`},downloads:{title:`Downloads`,none:`Downloads show up here while devices are upgraded.`,complete:`Complete`,active:`Downloading`,paused:`Interrupted`,waiting:`Not begun`,exhausted:`Downloaded too often`,progress:`Download of {device}`,of:`{done} of {size}`,refusals:`refused requests: {count}`},depot:{title:`Depot`,storage:`Storage`,used:`in packages`,free:`{free} free of {total}`,address:`Address for devices`,address_help:`Devices download from here. If it is not an address that they reach, change device_url in the depot's settings.`,certificate_help:`The depot's own certificate authority, for devices that check certificates:`,certificate_pem:`Certificate (PEM)`,certificate_der:`Certificate (DER)`,programs:`Uploads by programs`,key:`API key`,key_help:`Whoever has the API key can do everything with this depot.`,curl:`Upload command`,curl_help:`Uploads a file, with the key in the environment variable {variable}:`,numbers:`Facts and figures`,version:`Version`,id:`Depot ID`,max_package_size:`Largest package`,connections:`Connections now`,refused_connections:`Refused connections`,wrong_tokens:`Wrong download tokens`,wrong_keys:`Wrong API keys`,unreachable:`The depot could not reach itself at this address: {detail}`},copy:{copy:`Copy {name}`,copied:`Copied`,show:`Show {name}`},units:{per_second:`{amount}/s`},problems:{unreachable:`The depot does not answer. Check the connection and try again.`,hash_mismatch:`The file arrived changed. Upload it again.`,package_not_found:`This package is not in the depot any more.`,storage_full:`No room is left. Delete packages or give the depot more storage.`,too_large:`The file is larger than the depot accepts. Raise max_package_size in its settings.`,unauthorized:`The API key is wrong.`,upload_timeout:`The upload stood still for too long. Try again.`,version_exists:`This version is in the depot already, with other content. Choose another version or delete the older package first.`}},$e=`en`,et=Object.assign({}),tt=Qe,nt=$e;async function rt(e=navigator.languages){for(let t of e.flatMap(e=>[e,e.split(`-`)[0]??e])){if(t===$e)break;let e=et[`./translations/${t}.json`];if(e){tt=await e(),nt=t;break}}document.documentElement.lang=nt}function j(e,t={}){return(it(tt,e)??it(Qe,e)??e).replace(/\{(\w+)\}/g,(e,n)=>String(t[n]??e))}function M(){return navigator.languages.find(e=>e.split(`-`)[0]===nt.split(`-`)[0])??nt}function it(e,t){for(let n of t.split(`.`)){if(typeof e!=`object`||!e)return;e=e[n]}return typeof e==`string`?e:void 0}function N(e,t,n,r){var i=arguments.length,a=i<3?t:r===null?r=Object.getOwnPropertyDescriptor(t,n):r,o;if(typeof Reflect==`object`&&typeof Reflect.decorate==`function`)a=Reflect.decorate(e,t,n,r);else for(var s=e.length-1;s>=0;s--)(o=e[s])&&(a=(i<3?o(a):i>3?o(t,n,a):o(t,n))||a);return i>3&&a&&Object.defineProperty(t,n,a),a}var at=2e3,ot=class extends T{constructor(...e){super(...e),this.value=``,this.name=``,this.secret=!1,this.copied=!1,this.shown=!1}static{this.styles=[A,u`
      .line {
        display: flex;
        align-items: center;
        gap: 4px;
        background: var(--field);
        border-radius: 10px;
        padding: 4px 4px 4px 14px;
      }
      code {
        font: 0.875rem/1.6 "Roboto Mono", ui-monospace, monospace;
        overflow-wrap: anywhere;
        white-space: pre-wrap;
        padding: 6px 0;
      }
    `]}render(){return b`
      <div class="line">
        <code class="grow">${this.secret&&!this.shown?`•`.repeat(24):this.value}</code>
        ${this.secret?b`<button
              class="round"
              aria-pressed=${this.shown?`true`:`false`}
              aria-label=${j(`copy.show`,{name:this.name})}
              @click=${()=>this.shown=!this.shown}
            >
              ${k(this.shown?`M11.83,9L15,12.16C15,12.11 15,12.05 15,12A3,3 0 0,0 12,9C11.94,9 11.89,9 11.83,9M7.53,9.8L9.08,11.35C9.03,11.56 9,11.77 9,12A3,3 0 0,0 12,15C12.22,15 12.44,14.97 12.65,14.92L14.2,16.47C13.53,16.8 12.79,17 12,17A5,5 0 0,1 7,12C7,11.21 7.2,10.47 7.53,9.8M2,4.27L4.28,6.55L4.73,7C3.08,8.3 1.78,10 1,12C2.73,16.39 7,19.5 12,19.5C13.55,19.5 15.03,19.2 16.38,18.66L16.81,19.08L19.73,22L21,20.73L3.27,3M12,7A5,5 0 0,1 17,12C17,12.64 16.87,13.26 16.64,13.82L19.57,16.75C21.07,15.5 22.27,13.86 23,12C21.27,7.61 17,4.5 12,4.5C10.6,4.5 9.26,4.75 8,5.2L10.17,7.35C10.74,7.13 11.35,7 12,7Z`:`M12,9A3,3 0 0,0 9,12A3,3 0 0,0 12,15A3,3 0 0,0 15,12A3,3 0 0,0 12,9M12,17A5,5 0 0,1 7,12A5,5 0 0,1 12,7A5,5 0 0,1 17,12A5,5 0 0,1 12,17M12,4.5C7,4.5 2.73,7.61 1,12C2.73,16.39 7,19.5 12,19.5C17,19.5 21.27,16.39 23,12C21.27,7.61 17,4.5 12,4.5Z`)}
            </button>`:``}
        <button class="round" aria-label=${j(`copy.copy`,{name:this.name})} @click=${this.#e}>
          ${k(this.copied?`M21,7L9,19L3.5,13.5L4.91,12.09L9,16.17L19.59,5.59L21,7Z`:`M19,21H8V7H19M19,5H8A2,2 0 0,0 6,7V21A2,2 0 0,0 8,23H19A2,2 0 0,0 21,21V7A2,2 0 0,0 19,5M16,1H4A2,2 0 0,0 2,3V17H4V3H16V1Z`)}
        </button>
        <span class="visually-hidden" role="status">${this.copied?j(`copy.copied`):``}</span>
      </div>
    `}async#e(){navigator.clipboard?await navigator.clipboard.writeText(this.value):this.#t(),this.copied=!0,setTimeout(()=>this.copied=!1,at)}#t(){let e=document.createElement(`textarea`);e.value=this.value,document.body.append(e),e.select(),document.execCommand(`copy`),e.remove()}};N([D()],ot.prototype,`value`,void 0),N([D()],ot.prototype,`name`,void 0),N([D({type:Boolean})],ot.prototype,`secret`,void 0),N([O()],ot.prototype,`copied`,void 0),N([O()],ot.prototype,`shown`,void 0),ot=N([E(`ota-copy-line`)],ot);var st=class extends Error{constructor(e,t,n){super(n),this.status=e,this.kind=t}},ct=class extends Error{},lt=`api/v1`,ut=[`mqtt-ota`,`mqtt-ota.key.`],dt=`mqtt-ota.key`,ft=4194304,pt=1024,mt=class{constructor(){this.key=sessionStorage.getItem(dt)}rememberKey(e){this.key=e,sessionStorage.setItem(dt,e)}forgetKey(){this.key=null,sessionStorage.removeItem(dt)}info(){return this.#n(`GET`,`/info`)}shownKey(){return this.#n(`GET`,`/key`)}async renewKey(){let e=await this.#n(`POST`,`/key`);return this.key!==null&&this.rememberKey(e.api_key),e}change(e,t){return this.#n(`PATCH`,`/packages/${e}`,JSON.stringify(t),`application/json`)}removeLater(e,t){return this.#n(`DELETE`,`/packages/${e}?undo=${t}`)}packageHeader(e){return this.#n(`GET`,`/packages/${e}/header`)}installations(e){return this.#n(`GET`,`/packages/${e}/installations`)}async fileHeader(e){let t=e.slice(0,e.size>ft?pt:ft);return this.#n(`POST`,`/headers`,t,`application/octet-stream`)}upload(e,t,n,r){let i=new XMLHttpRequest;i.open(`POST`,this.#e(`/packages`));for(let[e,t]of Object.entries(this.#t()))i.setRequestHeader(e,t);i.upload.onprogress=t=>n(Math.min(t.loaded,e.size));let a=new Promise((e,t)=>{i.onload=()=>{try{e(P(i.status,i.responseText))}catch(e){t(e)}},i.onerror=()=>t(new ct),i.onabort=()=>t(new DOMException(``,`AbortError`))});return r.addEventListener(`abort`,()=>i.abort()),i.send(ht(e,t)),a}openEvents(){let e=new URL(this.#e(`/events`));if(e.protocol=e.protocol.replace(`http`,`ws`),this.key===null)return new WebSocket(e);let[t,n]=ut;return new WebSocket(e,[t,n+gt(this.key)])}async hasCertificate(){return(await fetch(`ca.pem`,{method:`HEAD`})).ok}#e(e){return new URL(lt+e,document.baseURI).href}#t(){return this.key===null?{}:{Authorization:`Bearer ${this.key}`}}async#n(e,t,n,r){let i={...this.#t(),...r?{"Content-Type":r}:{}},a;try{a=await fetch(this.#e(t),{method:e,headers:i,...n?{body:n}:{}})}catch{throw new ct}return P(a.status,await a.text())}};function P(e,t){let n;try{n=JSON.parse(t)}catch{throw new st(e,``,t.slice(0,200)||String(e))}if(e<300)return n;let{type:r=``,detail:i=``}=n;throw new st(e,r.replace(`urn:mqtt-ota:`,``),i||String(e))}function ht(e,t){let n=new FormData;n.append(`kind`,t.kind),n.append(`model`,t.model),n.append(`version`,t.version);for(let e of t.source_versions)n.append(`source_versions`,e);return t.release_notes&&n.append(`release_notes`,t.release_notes),t.custom_info&&n.append(`custom_info`,t.custom_info),n.append(`file`,e,e.name),n}function gt(e){let t=String.fromCharCode(...new TextEncoder().encode(e));return btoa(t).replaceAll(`+`,`-`).replaceAll(`/`,`_`).replace(/=+$/,``)}var _t={"hash-mismatch":`problems.hash_mismatch`,"package-not-found":`problems.package_not_found`,"storage-full":`problems.storage_full`,"too-large":`problems.too_large`,unauthorized:`problems.unauthorized`,"upload-timeout":`problems.upload_timeout`,"version-exists":`problems.version_exists`};function vt(e){if(e instanceof ct)return j(`problems.unreachable`);if(e instanceof st){let t=_t[e.kind];return t?j(t):e.message}return String(e)}var yt=[`byte`,`kilobyte`,`megabyte`,`gigabyte`,`terabyte`],bt=1e3,xt=60;function St(e){let t=e<bt?0:Math.min(Math.floor(Math.log10(e)/3),yt.length-1),n=e/bt**t;return new Intl.NumberFormat(M(),{style:`unit`,unit:yt[t]??`byte`,unitDisplay:t===0?`long`:`short`,maximumFractionDigits:+(n<10&&t>0)}).format(n)}function Ct(e){return j(`units.per_second`,{amount:St(e)})}function wt(e){return new Intl.NumberFormat(M(),{style:`percent`}).format(e)}function F(e){return new Intl.NumberFormat(M()).format(e)}function Tt(e){return new Intl.DateTimeFormat(M(),{dateStyle:`medium`,timeStyle:`short`}).format(new Date(e))}function Et(e){return new Intl.DateTimeFormat(M(),{dateStyle:`medium`}).format(new Date(e))}function Dt(e){let[t,n]=e<xt?[e,`second`]:[e/xt,`minute`];return new Intl.NumberFormat(M(),{style:`unit`,unit:n,unitDisplay:`short`,maximumFractionDigits:0}).format(Math.max(1,Math.ceil(t)))}function I(e,t=``){return b`<div class="alert ${t}" role="alert">${k(`M11,15H13V17H11V15M11,7H13V13H11V7M12,2C6.47,2 2,6.5 2,12A10,10 0 0,0 12,22A10,10 0 0,0 22,12A10,10 0 0,0 12,2M12,20A8,8 0 0,1 4,12A8,8 0 0,1 12,4A8,8 0 0,1 20,12A8,8 0 0,1 12,20Z`)}<span>${e}</span></div>`}var Ot=500,kt=15e3,At=401,jt=429,Mt=class extends EventTarget{constructor(...e){super(...e),this.api=new mt,this.packages=new Map,this.transfers=new Map,this.rates=new Pt,this.info=null,this.installations=0,this.connection=`connecting`,this.refusal=null,this.#e=Ot,this.#t=null}#e;#t;async connect(){this.#o(`connecting`);try{this.info=await this.api.info()}catch(e){e instanceof st&&[At,jt].includes(e.status)?(this.refusal=this.api.key===null?null:e,this.api.forgetKey(),this.#o(`locked`)):this.#r();return}this.refusal=null,this.#n()}unlock(e){return this.api.rememberKey(e),this.connect()}lock(){this.api.forgetKey(),this.packages.clear(),this.transfers.clear(),this.info=null,this.refusal=null,this.#o(`locked`),this.#t?.close()}async refreshInfo(){this.info=await this.api.info(),this.#s()}note(e){this.packages.set(e.id,e),this.#s()}visible(){return[...this.packages.values()].filter(e=>e.remove_at===null)}models(){return[...new Set(this.visible().map(e=>e.model))].sort()}transfersOf(e){return[...this.transfers.values()].filter(t=>t.package_id===e)}active(){return[...this.transfers.values()].filter(e=>e.active)}#n(){let e=this.api.openEvents();this.#t=e,e.onmessage=e=>{this.#i(JSON.parse(e.data)),this.#s()},e.onclose=()=>{this.#t===e&&this.connection!==`locked`&&this.#r()}}#r(){this.#o(`lost`),setTimeout(()=>{this.connection===`lost`&&this.connect()},this.#e),this.#e=Math.min(this.#e*2,kt)}#i(e){switch(e.type){case`snapshot`:this.packages.clear(),this.transfers.clear();for(let t of e.packages)this.packages.set(t.id,t);for(let t of e.transfers)this.#a(t);this.#e=Ot,this.connection=`open`,this.installations+=1;break;case`package_added`:case`package_changed`:this.packages.set(e.package.id,e.package);break;case`package_removed`:this.packages.delete(e.package_id);break;case`transfer_changed`:this.#a(e.transfer);break;case`transfer_removed`:this.transfers.delete(e.grant_id),this.rates.forget(e.grant_id);break;case`installations_changed`:this.installations+=1}}#a(e){this.transfers.set(e.grant_id,e),this.rates.note(e.grant_id,e.bytes_served)}#o(e){this.connection=e,this.#s()}#s(){this.dispatchEvent(new CustomEvent(`changed`))}},Nt=5e3,Pt=class{#e=new Map;note(e,t,n=performance.now()){let r=this.#e.get(e)??[];for(r.push({at:n,bytes:t});r.length>2&&(r[0]?.at??n)<n-Nt;)r.shift();this.#e.set(e,r)}of(e){let t=this.#e.get(e)??[],[n,r]=[t[0],t.at(-1)];return!n||!r||r.at-n.at<200?0:Math.max(0,(r.bytes-n.bytes)*1e3/(r.at-n.at))}forget(e){this.#e.delete(e)}},L=class{constructor(e,t){this.host=e,this.target=t,e.addController(this)}#e=()=>this.host.requestUpdate();hostConnected(){this.target.addEventListener(`changed`,this.#e)}hostDisconnected(){this.target.removeEventListener(`changed`,this.#e)}},R=new Mt,Ft=15e3,It=`$DEPOT_API_KEY`,Lt=class extends T{static{this.styles=[A,u`
      .columns {
        display: grid;
        gap: 16px;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 380px), 1fr));
        align-items: start;
      }
      .used {
        font-size: 1.75rem;
        line-height: 1.2;
      }
      dl {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        gap: 8px 16px;
      }
      dd {
        text-align: right;
        font-variant-numeric: tabular-nums;
        overflow-wrap: anywhere;
      }
    `]}#e;constructor(){super(),this.key=null,this.renewing=!1,this.hasCertificate=!1,this.error=``,this.#e=0,new L(this,R)}connectedCallback(){super.connectedCallback(),this.#s(),this.#e=window.setInterval(()=>void this.#c(()=>R.refreshInfo()),Ft)}disconnectedCallback(){super.disconnectedCallback(),clearInterval(this.#e)}render(){let{info:e}=R;return e===null?x:b`<div class="stack">
      <h1 tabindex="-1">${j(`depot.title`)}</h1>
      ${this.error?I(this.error):x}
      <div class="columns">
        <div class="stack">${this.#t(e)} ${this.#o(e)}</div>
        <div class="stack">${this.#n(e)} ${this.#r(e)}</div>
      </div>
    </div>`}#t({storage:e}){let t=e.used+e.free;return b`<section class="card stack">
      <h2>${j(`depot.storage`)}</h2>
      <p><span class="used">${St(e.used)}</span> <span class="muted">${j(`depot.used`)}</span></p>
      <progress max=${Math.max(1,t)} .value=${e.used} aria-label=${j(`depot.storage`)}></progress>
      <p class="small muted">
        ${j(`depot.free`,{free:St(e.free),total:St(e.total)})}
      </p>
    </section>`}#n(t){return b`<section class="card stack">
      <h2>${j(`depot.address`)}</h2>
      <p class="muted small">${j(`depot.address_help`)}</p>
      <ota-copy-line name=${j(`depot.address`)} .value=${t.device_url}></ota-copy-line>
      ${t.device_url_check.reachable===!1?I(j(`depot.unreachable`,{detail:t.device_url_check.detail??``}),`warning`):x}
      ${this.hasCertificate?b`<div class="stack">
            <p class="muted small">${j(`depot.certificate_help`)}</p>
            <div class="row">
              <a class="button" href="ca.pem" download>${k(e)} ${j(`depot.certificate_pem`)}</a>
              <a class="button" href="ca.der" download>${k(e)} ${j(`depot.certificate_der`)}</a>
            </div>
          </div>`:x}
    </section>`}#r(e){return b`<section class="card stack">
      <h2>${j(`depot.programs`)}</h2>
      <p class="muted small">${j(`depot.key_help`)}</p>
      ${this.key?b`<ota-copy-line secret name=${j(`depot.key`)} .value=${this.key.api_key}></ota-copy-line>`:x}
      ${this.#i()}
      <p class="muted small">${j(`depot.curl_help`,{variable:It.slice(1)})}</p>
      <ota-copy-line name=${j(`depot.curl`)} .value=${Rt(e.device_url,this.hasCertificate)}></ota-copy-line>
      ${R.api.key===null?x:b`<div>
            <button @click=${()=>R.lock()}>${k(`M17 7L15.59 8.41L18.17 11H8V13H18.17L15.59 15.58L17 17L22 12M4 5H12V3H4C2.9 3 2 3.9 2 5V19C2 20.1 2.9 21 4 21H12V19H4V5Z`)} ${j(`key.forget`)}</button>
          </div>`}
    </section>`}#i(){return this.key===null||this.key.configured?x:this.renewing?b`<div class="stack">
      ${I(j(`key.renew_help`),`warning`)}
      <div class="row">
        <button class="primary" @click=${this.#a}>${j(`key.renew_now`)}</button>
        <button class="plain" @click=${()=>this.renewing=!1}>${j(`package.cancel`)}</button>
      </div>
    </div>`:b`<div>
        <button @click=${()=>this.renewing=!0}>${k(`M7.5 2C9.5 2 11.1 3.2 11.7 5H21V8H18V11H15V8H11.7C11.1 9.8 9.4 11 7.5 11C5 11 3 9 3 6.5S5 2 7.5 2M7.5 5C6.7 5 6 5.7 6 6.5S6.7 8 7.5 8 9 7.3 9 6.5 8.3 5 7.5 5M7.5 13C9.5 13 11.1 14.2 11.7 16H21V19H20V22H18V19H16V22H13V19H11.7C11.1 20.8 9.4 22 7.5 22C5 22 3 20 3 17.5S5 13 7.5 13M7.5 16C6.7 16 6 16.7 6 17.5S6.7 19 7.5 19 9 18.3 9 17.5 8.3 16 7.5 16Z`)} ${j(`key.renew`)}</button>
      </div>`}async#a(){this.renewing=!1,await this.#c(async()=>{this.key=await R.api.renewKey()})}#o({counts:e,version:t,depot_id:n,max_package_size:r}){let i=[[j(`depot.version`),t],[j(`depot.id`),n],[j(`depot.max_package_size`),St(r)],[j(`depot.connections`),F(e.connections)],[j(`depot.refused_connections`),F(e.refused_connections)],[j(`depot.wrong_tokens`),F(e.wrong_tokens)],[j(`depot.wrong_keys`),F(e.wrong_keys)]];return b`<section class="card stack">
      <h2>${j(`depot.numbers`)}</h2>
      <dl class="small">${i.map(([e,t])=>b`<dt class="muted">${e}</dt><dd>${t}</dd>`)}</dl>
    </section>`}async#s(){await this.#c(async()=>{this.key=await R.api.shownKey(),this.hasCertificate=await R.api.hasCertificate(),await R.refreshInfo()})}async#c(e){try{await e(),this.error=``}catch(e){this.error=vt(e)}}};N([O()],Lt.prototype,`key`,void 0),N([O()],Lt.prototype,`renewing`,void 0),N([O()],Lt.prototype,`hasCertificate`,void 0),N([O()],Lt.prototype,`error`,void 0),Lt=N([E(`ota-depot-view`)],Lt);function Rt(e,t){return`curl --fail-with-body${t?` --cacert ca.pem`:``} -H "Authorization: Bearer ${It}" -F kind=firmware -F model=weather -F version=1.4.0 -F file=@weather-1.4.0.bin ${e}/api/v1/packages`}var zt={ATTRIBUTE:1,CHILD:2,PROPERTY:3,BOOLEAN_ATTRIBUTE:4,EVENT:5,ELEMENT:6},Bt=e=>(...t)=>({_$litDirective$:e,values:t}),Vt=class{constructor(e){}get _$AU(){return this._$AM._$AU}_$AT(e,t,n){this._$Ct=e,this._$AM=t,this._$Ci=n}_$AS(e,t){return this.update(e,t)}update(e,t){return this.render(...t)}},{I:Ht}=He,Ut=e=>e,Wt=()=>document.createComment(``),z=(e,t,n)=>{let r=e._$AA.parentNode,i=t===void 0?e._$AB:t._$AA;if(n===void 0)n=new Ht(r.insertBefore(Wt(),i),r.insertBefore(Wt(),i),e,e.options);else{let t=n._$AB.nextSibling,a=n._$AM,o=a!==e;if(o){let t;n._$AQ?.(e),n._$AM=e,n._$AP!==void 0&&(t=e._$AU)!==a._$AU&&n._$AP(t)}if(t!==i||o){let e=n._$AA;for(;e!==t;){let t=Ut(e).nextSibling;Ut(r).insertBefore(e,i),e=t}}}return n},Gt=(e,t,n=e)=>(e._$AI(t,n),e),Kt={},qt=(e,t=Kt)=>e._$AH=t,Jt=e=>e._$AH,Yt=e=>{e._$AR(),e._$AA.remove()},Xt=(e,t,n)=>{let r=new Map;for(let i=t;i<=n;i++)r.set(e[i],i);return r},Zt=Bt(class extends Vt{constructor(e){if(super(e),e.type!==zt.CHILD)throw Error(`repeat() can only be used in text expressions`)}dt(e,t,n){let r;n===void 0?n=t:t!==void 0&&(r=t);let i=[],a=[],o=0;for(let t of e)i[o]=r?r(t,o):o,a[o]=n(t,o),o++;return{values:a,keys:i}}render(e,t,n){return this.dt(e,t,n).values}update(e,[t,n,r]){let i=Jt(e),{values:a,keys:o}=this.dt(t,n,r);if(!Array.isArray(i))return this.ut=o,a;let s=this.ut??=[],c=[],l,u,d=0,f=i.length-1,p=0,m=a.length-1;for(;d<=f&&p<=m;)if(i[d]===null)d++;else if(i[f]===null)f--;else if(s[d]===o[p])c[p]=Gt(i[d],a[p]),d++,p++;else if(s[f]===o[m])c[m]=Gt(i[f],a[m]),f--,m--;else if(s[d]===o[m])c[m]=Gt(i[d],a[m]),z(e,c[m+1],i[d]),d++,m--;else if(s[f]===o[p])c[p]=Gt(i[f],a[p]),z(e,i[d],i[f]),f--,p++;else if(l===void 0&&(l=Xt(o,p,m),u=Xt(s,d,f)),l.has(s[d])){if(l.has(s[f])){let t=u.get(o[p]),n=t===void 0?null:i[t];if(n===null){let t=z(e,i[d]);Gt(t,a[p]),c[p]=t}else c[p]=Gt(n,a[p]),z(e,i[d],n),i[t]=null;p++}else Yt(i[f]),f--}else Yt(i[d]),d++;for(;p<=m;){let t=z(e,c[m+1]);Gt(t,a[p]),c[p++]=t}for(;d<=f;){let e=i[d++];e!==null&&Yt(e)}return this.ut=o,qt(e,c),je}});function Qt(){let[e=``,t=``]=location.hash.replace(/^#\/?/,``).split(`/`);return e===`packages`&&t?{view:`package`,id:t}:e===`downloads`||e===`depot`?{view:e,id:``}:{view:`packages`,id:``}}function $t(e,t=``){return e===`package`?`#/packages/${t}`:`#/${e}`}var en=class extends T{static{this.styles=[A,u`
      .line {
        display: flex;
        justify-content: space-between;
        align-items: baseline;
        gap: 12px;
        margin-bottom: 6px;
      }
      a {
        display: inline-block;
      }
      .numbers {
        font-variant-numeric: tabular-nums;
        margin-top: 4px;
      }
    `]}constructor(){super(),this.named=!1,new L(this,R)}render(){let{transfer:e}=this,t=R.packages.get(e.package_id);return b`
      <div class="line">
        <div class="text">
          <strong><bdi>${e.device_id}</bdi></strong>
          ${this.named&&t?b`<a class="small" href=${$t(`package`,t.id)}><bdi>${t.model} ${t.version}</bdi></a>`:``}
        </div>
        ${this.#e()}
      </div>
      <progress
        max=${e.size}
        .value=${e.bytes_served}
        aria-label=${j(`downloads.progress`,{device:e.device_id})}
      ></progress>
      <p class="small muted numbers">${this.#t()}</p>
    `}#e(){let{transfer:e}=this;return e.complete?b`<span class="badge done">${j(`downloads.complete`)}</span>`:e.exhausted?b`<span class="badge bad">${j(`downloads.exhausted`)}</span>`:e.active?b`<span class="badge">${j(`downloads.active`)}</span>`:b`<span class="badge off">${j(e.started_at?`downloads.paused`:`downloads.waiting`)}</span>`}#t(){let{transfer:e}=this,t=e.active&&!e.complete?R.rates.of(e.grant_id):0,n=[wt(e.bytes_served/e.size),j(`downloads.of`,{done:St(e.bytes_served),size:St(e.size)})];return t>0&&n.push(Ct(t)),e.refusals>0&&n.push(j(`downloads.refusals`,{count:F(e.refusals)})),e.updated_at&&!e.active&&n.push(Tt(e.updated_at)),n.join(` · `)}};N([D({attribute:!1})],en.prototype,`transfer`,void 0),N([D({type:Boolean})],en.prototype,`named`,void 0),en=N([E(`ota-transfer-row`)],en);var tn=class extends T{static{this.styles=[A,u`
      li + li {
        border-top: 1px solid var(--line);
        margin-top: 16px;
        padding-top: 16px;
      }
      .empty {
        text-align: center;
        padding: 48px 16px;
      }
      .empty svg.icon {
        width: 48px;
        height: 48px;
        margin: 0 auto 12px;
        color: var(--muted);
      }
    `]}constructor(){super(),new L(this,R)}render(){let e=[...R.transfers.values()].sort(nn);return b`<div class="stack">
      <h1 tabindex="-1">${j(`downloads.title`)}</h1>
      ${e.length===0?b`<div class="card empty">${k(`M13,5V11H14.17L12,13.17L9.83,11H11V5H13M15,3H9V9H5L12,16L19,9H15V3M19,18H5V20H19V18Z`)}<p class="muted">${j(`downloads.none`)}</p></div>`:b`<ul class="card">
            ${Zt(e,e=>e.grant_id,e=>b`<li><ota-transfer-row named .transfer=${e}></ota-transfer-row></li>`)}
          </ul>`}
    </div>`}};tn=N([E(`ota-downloads-view`)],tn);function nn(e,t){let n=e=>e.complete?3:e.active?0:e.started_at?1:2;return n(e)-n(t)||(t.updated_at??``).localeCompare(e.updated_at??``)}var rn=class extends T{static{this.styles=[A,u`
      form {
        max-width: 440px;
        margin: 8vh auto 0;
      }
      .sign {
        display: grid;
        place-items: center;
        width: 56px;
        height: 56px;
        border-radius: 50%;
        background: var(--primary-soft);
        color: var(--link);
        margin: 0 auto;
      }
      h1 {
        text-align: center;
      }
      button {
        width: 100%;
      }
    `]}constructor(){super(),this.busy=!1,new L(this,R)}firstUpdated(){this.input.focus()}render(){return b`<form class="card stack" @submit=${this.#e}>
      <div class="sign">${k(`M22,18V22H18V19H15V16H12L9.74,13.74C9.19,13.91 8.61,14 8,14A6,6 0 0,1 2,8A6,6 0 0,1 8,2A6,6 0 0,1 14,8C14,8.61 13.91,9.19 13.74,9.74L22,18M7,5A2,2 0 0,0 5,7A2,2 0 0,0 7,9A2,2 0 0,0 9,7A2,2 0 0,0 7,5Z`)}</div>
      <h1>${j(`key.title`)}</h1>
      ${R.refusal?I(vt(R.refusal)):x}
      <div>
        <label for="key">${j(`key.label`)}</label>
        <input id="key" type="password" required autocomplete="current-password" aria-describedby="key-help" />
      </div>
      <p id="key-help" class="small muted">${j(`key.help`,{command:`mqtt-ota api-key`})}</p>
      <button class="primary" type="submit" ?disabled=${this.busy}>${j(`key.open`)}</button>
    </form>`}async#e(e){e.preventDefault();let t=this.input.value.trim();t!==``&&(this.busy=!0,await R.unlock(t),this.busy=!1)}};N([O()],rn.prototype,`busy`,void 0),N([Xe(`input`)],rn.prototype,`input`,void 0),rn=N([E(`ota-key-prompt`)],rn);var an={},on=Bt(class extends Vt{constructor(){super(...arguments),this.ot=an}render(e,t){return t()}update(e,[t,n]){if(Array.isArray(t)){if(Array.isArray(this.ot)&&this.ot.length===t.length&&t.every((e,t)=>e===this.ot[t]))return je}else if(this.ot===t)return je;return this.ot=Array.isArray(t)?Array.from(t):t,this.render(t,n)}});function sn(t){let n=R.transfersOf(t.id).filter(e=>e.active).length;return b`
    ${n?b`<span class="badge">${k(e)}${j(`packages.downloading`,{count:F(n)})}</span>`:``}
    ${t.withdrawn?b`<span class="badge off">${k(`M14,19H18V5H14M6,19H10V5H6V19Z`)}${j(`packages.withdrawn`)}</span>`:``}
  `}function cn(e){return k(e.kind===`firmware`?`M6,4H18V5H21V7H18V9H21V11H18V13H21V15H18V17H21V19H18V20H6V19H3V17H6V15H3V13H6V11H3V9H6V7H3V5H6V4M11,15V18H12V15H11M13,15V18H14V15H13M15,15V18H16V15H15Z`:`M21.7 18.6V17.6L22.8 16.8C22.9 16.7 23 16.6 22.9 16.5L21.9 14.8C21.9 14.7 21.7 14.7 21.6 14.7L20.4 15.2C20.1 15 19.8 14.8 19.5 14.7L19.3 13.4C19.3 13.3 19.2 13.2 19.1 13.2H17.1C16.9 13.2 16.8 13.3 16.8 13.4L16.6 14.7C16.3 14.9 16.1 15 15.8 15.2L14.6 14.7C14.5 14.7 14.4 14.7 14.3 14.8L13.3 16.5C13.3 16.6 13.3 16.7 13.4 16.8L14.5 17.6V18.6L13.4 19.4C13.3 19.5 13.2 19.6 13.3 19.7L14.3 21.4C14.4 21.5 14.5 21.5 14.6 21.5L15.8 21C16 21.2 16.3 21.4 16.6 21.5L16.8 22.8C16.9 22.9 17 23 17.1 23H19.1C19.2 23 19.3 22.9 19.3 22.8L19.5 21.5C19.8 21.3 20 21.2 20.3 21L21.5 21.4C21.6 21.4 21.7 21.4 21.8 21.3L22.8 19.6C22.9 19.5 22.9 19.4 22.8 19.4L21.7 18.6M18 19.5C17.2 19.5 16.5 18.8 16.5 18S17.2 16.5 18 16.5 19.5 17.2 19.5 18 18.8 19.5 18 19.5M12.3 22H3C1.9 22 1 21.1 1 20V4C1 2.9 1.9 2 3 2H21C22.1 2 23 2.9 23 4V13.1C22.4 12.5 21.7 12 21 11.7V6H3V20H11.3C11.5 20.7 11.8 21.4 12.3 22Z`)}var ln=class extends T{constructor(...e){super(...e),this.fixed=!1,this.open=!1}static{this.styles=[A,u`
      .fields {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 180px), 1fr));
        gap: 14px;
      }
      details {
        margin-top: 14px;
      }
      summary {
        cursor: pointer;
        color: var(--link);
        width: fit-content;
        padding: 4px 0;
      }
      .more {
        display: grid;
        gap: 14px;
        margin-top: 8px;
      }
    `]}render(){let{facts:e}=this;return b`
      <div class="fields">
        ${this.fixed?``:this.#e()}
        <div>
          <label for="model">${j(`fields.model`)}</label>
          <input
            id="model"
            list="models"
            required
            maxlength="128"
            autocomplete="off"
            .value=${e.model}
            @input=${this.#n(`model`)}
          />
          <datalist id="models">${R.models().map(e=>b`<option value=${e}></option>`)}</datalist>
        </div>
        <div>
          <label for="version">${j(`fields.version`)}</label>
          <input
            id="version"
            required
            maxlength="256"
            autocomplete="off"
            .value=${e.version}
            @input=${this.#n(`version`)}
          />
        </div>
      </div>
      <details ?open=${this.open}>
        <summary>${j(`fields.more`)}</summary>
        <div class="more">${this.#t()}</div>
      </details>
    `}#e(){return b`<div>
      <label for="kind">${j(`fields.kind`)}</label>
      <select id="kind" .value=${this.facts.kind} @change=${this.#n(`kind`)}>
        ${[`firmware`,`software`].map(e=>b`<option value=${e} ?selected=${e===this.facts.kind}>${j(`kinds.${e}`)}</option>`)}
      </select>
    </div>`}#t(){let{facts:e}=this;return b`
      <div>
        <label for="notes">${j(`fields.release_notes`)}</label>
        <textarea id="notes" .value=${e.release_notes??``} @input=${this.#n(`release_notes`)}></textarea>
      </div>
      <div>
        <label for="sources">${j(`fields.source_versions`)}</label>
        <input
          id="sources"
          autocomplete="off"
          aria-describedby="sources-help"
          .value=${e.source_versions.join(`, `)}
          @change=${this.#r}
        />
        <p id="sources-help" class="small muted">${j(`fields.source_versions_help`)}</p>
      </div>
      <div>
        <label for="info">${j(`fields.custom_info`)}</label>
        <input
          id="info"
          maxlength="4096"
          autocomplete="off"
          aria-describedby="info-help"
          .value=${e.custom_info??``}
          @input=${this.#n(`custom_info`)}
        />
        <p id="info-help" class="small muted">${j(`fields.custom_info_help`)}</p>
      </div>
    `}#n(e){return t=>{let{value:n}=t.target;this.#i({[e]:n})}}#r(e){let t=e.target.value.split(/[,;\n]/).map(e=>e.trim());this.#i({source_versions:t.filter(e=>e!==``)})}#i(e){this.dispatchEvent(new CustomEvent(`facts`,{detail:e}))}};N([D({attribute:!1})],ln.prototype,`facts`,void 0),N([D({type:Boolean})],ln.prototype,`fixed`,void 0),N([D({type:Boolean})],ln.prototype,`open`,void 0),ln=N([E(`ota-facts-form`)],ln);var un=class extends T{static{this.styles=[A,u`
      .devices {
        max-height: 320px;
        overflow-y: auto;
        overflow-wrap: anywhere;
      }
      .devices > li {
        padding: 6px 0;
      }
      .devices > li + li {
        border-top: 1px solid var(--line);
      }
    `]}#e;#t;constructor(){super(),this.found=null,this.#e=``,this.#t=!1,new L(this,R)}willUpdate(e){let{id:t,model:n,version:r}=this.pack;e.has(`pack`)&&e.get(`pack`)?.id!==t&&(this.found=null);let i=JSON.stringify([t,n,r,R.installations]);i!==this.#e&&(this.#e=i,this.#t||this.#r())}render(){let{found:e}=this;return b`<section class="card stack">
      <div class="row">
        <h2 class="grow">${j(`installations.title`)}</h2>
        ${e?.told?b`<span class="muted">${F(e.devices.length)}</span>`:``}
      </div>
      ${this.#n(e)}
    </section>`}#n(e){return e===null?``:e.told?e.devices.length===0?b`<p class="muted">${j(`installations.none`)}</p>`:b`<ul class="devices" tabindex="0" aria-label=${j(`installations.title`)}>
      ${Zt(e.devices,e=>e.device_id,e=>b`<li>
          <bdi>${e.name}</bdi>
          ${e.name===e.device_id?``:b`<bdi class="small muted">${e.device_id}</bdi>`}
        </li>`)}
    </ul>`:b`<p class="muted">${j(`installations.untold`)}</p>`}async#r(){this.#t=!0;let e,t;do e=this.#e,t=await R.api.installations(this.pack.id).catch(()=>null);while(e!==this.#e);this.#t=!1,t!==null&&(this.found=t)}};N([D({attribute:!1})],un.prototype,`pack`,void 0),N([O()],un.prototype,`found`,void 0),un=N([E(`ota-installations-card`)],un);function dn(e,t){this.v=e,this.k=t}function fn(e,t){(t==null||t>e.length)&&(t=e.length);for(var n=0,r=Array(t);n<t;n++)r[n]=e[n];return r}function pn(e){if(Array.isArray(e))return e}function mn(e,t){var n=e==null?null:typeof Symbol<`u`&&e[Symbol.iterator]||e[`@@iterator`];if(n!=null){var r,i,a,o,s=[],c=!0,l=!1;try{if(a=(n=n.call(e)).next,t===0){if(Object(n)!==n)return;c=!1}else for(;!(c=(r=a.call(n)).done)&&(s.push(r.value),s.length!==t);c=!0);}catch(e){l=!0,i=e}finally{try{if(!c&&n.return!=null&&(o=n.return(),Object(o)!==o))return}finally{if(l)throw i}}return s}}function hn(){throw TypeError(`Invalid attempt to destructure non-iterable instance.
In order to be iterable, non-array objects must have a [Symbol.iterator]() method.`)}function gn(e,t){return pn(e)||mn(e,t)||_n(e,t)||hn()}function _n(e,t){if(e){if(typeof e==`string`)return fn(e,t);var n={}.toString.call(e).slice(8,-1);return n===`Object`&&e.constructor&&(n=e.constructor.name),n===`Map`||n===`Set`?Array.from(e):n===`Arguments`||/^(?:Ui|I)nt(?:8|16|32)(?:Clamped)?Array$/.test(n)?fn(e,t):void 0}}function vn(e){var t,n;function r(t,n){try{var a=e[t](n),o=a.value,s=o instanceof dn;Promise.resolve(s?o.v:o).then(function(n){if(s){var c=t===`return`&&o.k?t:`next`;if(!o.k||n.done)return r(c,n);n=e[c](n).value}i(!!a.done,n)},function(e){r(`throw`,e)})}catch(e){i(2,e)}}function i(e,i){e===2?t.reject(i):t.resolve({value:i,done:e}),(t=t.next)?r(t.key,t.arg):n=null}this._invoke=function(e,i){return new Promise(function(a,o){var s={key:e,arg:i,resolve:a,reject:o,next:null};n?n=n.next=s:(t=n=s,r(e,i))})},typeof e.return!=`function`&&(this.return=void 0)}vn.prototype[typeof Symbol==`function`&&Symbol.asyncIterator||`@@asyncIterator`]=function(){return this},vn.prototype.next=function(e){return this._invoke(`next`,e)},vn.prototype.throw=function(e){return this._invoke(`throw`,e)},vn.prototype.return=function(e){return this._invoke(`return`,e)};var yn=Object.entries,bn=Object.keys,xn=Object.setPrototypeOf,Sn=Object.isFrozen,Cn=Object.getPrototypeOf,wn=Object.getOwnPropertyDescriptor,B=Object.freeze,V=Object.seal,Tn=Object.create,En=typeof Reflect<`u`&&Reflect,Dn=En.apply,On=En.construct;B||=function(e){return e},V||=function(e){return e},Dn||=function(e,t){var n=[...arguments].slice(2);return e.apply(t,n)},On||=function(e){return new e(...[...arguments].slice(1))};var kn=W(Array.prototype.forEach),An=W(Array.prototype.lastIndexOf),jn=W(Array.prototype.pop),Mn=W(Array.prototype.push),Nn=W(Array.prototype.slice),Pn=W(Array.prototype.splice),Fn=Array.isArray,In=Qn(Set),Ln=W(Set.prototype.add),Rn=W(Set.prototype.has),zn=W(String.prototype.toLowerCase),Bn=W(String.prototype.toString),Vn=W(String.prototype.match),Hn=W(String.prototype.replace),Un=W(String.prototype.indexOf),Wn=W(String.prototype.trim),Gn=W(Number.prototype.toString),Kn=W(Boolean.prototype.toString),qn=typeof BigInt>`u`?null:W(BigInt.prototype.toString),Jn=typeof Symbol>`u`?null:W(Symbol.prototype.toString),H=W(Object.prototype.hasOwnProperty),Yn=W(Object.prototype.toString),Xn=RegExp.prototype.test,U=function(e,t){return e instanceof RegExp&&(e.lastIndex=0),Dn(Xn,e,[t])},Zn=Qn(TypeError);function W(e){return function(t){var n=[...arguments].slice(1);return Dn(e,t,n)}}function Qn(e){return function(){return On(e,[...arguments])}}function G(e,t){let n=arguments.length>2&&arguments[2]!==void 0?arguments[2]:zn;if(xn&&xn(e,null),!Fn(t))return e;let r=t.length;for(;r--;){let i=t[r];if(typeof i==`string`){let e=n(i);e!==i&&(Sn(t)||(t[r]=e),i=e)}e[i]=!0}return e}function $n(e){for(let t=0;t<e.length;t++)H(e,t)||(e[t]=null);return e}function er(e){let t=Tn(null);for(let r of yn(e)){var n=gn(r,2);let i=n[0],a=n[1];H(e,i)&&(t[i]=Fn(a)?$n(a):a&&typeof a==`object`&&a.constructor===Object?er(a):a)}return t}function tr(e){let t=Tn(null),n=bn(e),r=n.length;for(;r--;)t[n[r]]=e[n[r]];return t}function nr(e){switch(typeof e){case`string`:return e;case`number`:return Gn(e);case`boolean`:return Kn(e);case`bigint`:return qn?qn(e):`0`;case`symbol`:return Jn?Jn(e):`Symbol()`;case`undefined`:return Yn(e);case`function`:case`object`:{if(e===null)return Yn(e);let t=e,n=K(t,`toString`);if(typeof n==`function`){let e=n(t);return typeof e==`string`?e:Yn(e)}return Yn(e)}default:return Yn(e)}}function K(e,t){for(;e!==null;){let n=wn(e,t);if(n){if(n.get)return W(n.get);if(typeof n.value==`function`)return W(n.value)}e=Cn(e)}function n(){return null}return n}function rr(e,t){for(;e!==null;){let n=wn(e,t);if(n)return n.get?W(n.get):null;e=Cn(e)}return null}function ir(e){if(!e)return!1;try{return U(e,``),!0}catch{return!1}}var ar=B(`a.abbr.acronym.address.area.article.aside.audio.b.bdi.bdo.big.blink.blockquote.body.br.button.canvas.caption.center.cite.code.col.colgroup.content.data.datalist.dd.decorator.del.details.dfn.dialog.dir.div.dl.dt.element.em.fieldset.figcaption.figure.font.footer.form.h1.h2.h3.h4.h5.h6.head.header.hgroup.hr.html.i.img.input.ins.kbd.label.legend.li.main.map.mark.marquee.menu.menuitem.meter.nav.nobr.ol.optgroup.option.output.p.picture.pre.progress.q.rp.rt.ruby.s.samp.search.section.select.shadow.slot.small.source.spacer.span.strike.strong.style.sub.summary.sup.table.tbody.td.template.textarea.tfoot.th.thead.time.tr.track.tt.u.ul.var.video.wbr`.split(`.`)),or=B(`svg.a.altglyph.altglyphdef.altglyphitem.animatecolor.animatemotion.animatetransform.circle.clippath.defs.desc.ellipse.filter.font.g.glyph.glyphref.hkern.image.line.lineargradient.marker.mask.metadata.mpath.path.pattern.polygon.polyline.radialgradient.rect.stop.style.switch.symbol.text.textpath.title.tref.tspan.view.vkern`.split(`.`)),sr=B([`feBlend`,`feColorMatrix`,`feComponentTransfer`,`feComposite`,`feConvolveMatrix`,`feDiffuseLighting`,`feDisplacementMap`,`feDistantLight`,`feDropShadow`,`feFlood`,`feFuncA`,`feFuncB`,`feFuncG`,`feFuncR`,`feGaussianBlur`,`feImage`,`feMerge`,`feMergeNode`,`feMorphology`,`feOffset`,`fePointLight`,`feSpecularLighting`,`feSpotLight`,`feTile`,`feTurbulence`]),cr=B([`animate`,`color-profile`,`cursor`,`discard`,`font-face`,`font-face-format`,`font-face-name`,`font-face-src`,`font-face-uri`,`foreignobject`,`hatch`,`hatchpath`,`mesh`,`meshgradient`,`meshpatch`,`meshrow`,`missing-glyph`,`script`,`set`,`solidcolor`,`unknown`,`use`]),lr=B(`math.menclose.merror.mfenced.mfrac.mglyph.mi.mlabeledtr.mmultiscripts.mn.mo.mover.mpadded.mphantom.mroot.mrow.ms.mspace.msqrt.mstyle.msub.msup.msubsup.mtable.mtd.mtext.mtr.munder.munderover.mprescripts`.split(`.`)),ur=B([`maction`,`maligngroup`,`malignmark`,`mlongdiv`,`mscarries`,`mscarry`,`msgroup`,`mstack`,`msline`,`msrow`,`semantics`,`annotation`,`annotation-xml`,`mprescripts`,`none`]),dr=B([`#text`]),fr=B(`accept.action.align.alt.autocapitalize.autocomplete.autopictureinpicture.autoplay.background.bgcolor.border.capture.cellpadding.cellspacing.checked.cite.class.clear.color.cols.colspan.command.commandfor.controls.controlslist.coords.crossorigin.datetime.decoding.default.dir.disabled.disablepictureinpicture.disableremoteplayback.download.draggable.enctype.enterkeyhint.exportparts.face.for.headers.height.hidden.high.href.hreflang.id.inert.inputmode.integrity.ismap.kind.label.lang.list.loading.loop.low.max.maxlength.media.method.min.minlength.multiple.muted.name.nonce.noshade.novalidate.nowrap.open.optimum.part.pattern.placeholder.playsinline.popover.popovertarget.popovertargetaction.poster.preload.pubdate.radiogroup.readonly.rel.required.rev.reversed.role.rows.rowspan.spellcheck.scope.selected.shape.size.sizes.slot.span.srclang.start.src.srcset.step.style.summary.tabindex.title.translate.type.usemap.valign.value.width.wrap.xmlns`.split(`.`)),pr=B(`accent-height.accumulate.additive.alignment-baseline.amplitude.ascent.attributename.attributetype.azimuth.basefrequency.baseline-shift.begin.bias.by.class.clip.clippathunits.clip-path.clip-rule.color.color-interpolation.color-interpolation-filters.color-profile.color-rendering.cx.cy.d.dx.dy.diffuseconstant.direction.display.divisor.dominant-baseline.dur.edgemode.elevation.end.exponent.fill.fill-opacity.fill-rule.filter.filterunits.flood-color.flood-opacity.font-family.font-size.font-size-adjust.font-stretch.font-style.font-variant.font-weight.fx.fy.g1.g2.glyph-name.glyphref.gradientunits.gradienttransform.height.href.id.image-rendering.in.in2.intercept.k.k1.k2.k3.k4.kerning.keypoints.keysplines.keytimes.lang.lengthadjust.letter-spacing.kernelmatrix.kernelunitlength.lighting-color.local.marker-end.marker-mid.marker-start.markerheight.markerunits.markerwidth.maskcontentunits.maskunits.max.mask.mask-type.media.method.mode.min.name.numoctaves.offset.operator.opacity.order.orient.orientation.origin.overflow.paint-order.path.pathlength.patterncontentunits.patterntransform.patternunits.pointer-events.points.preservealpha.preserveaspectratio.primitiveunits.r.rx.ry.radius.refx.refy.repeatcount.repeatdur.restart.result.rotate.scale.seed.shape-rendering.slope.specularconstant.specularexponent.spreadmethod.startoffset.stddeviation.stitchtiles.stop-color.stop-opacity.stroke-dasharray.stroke-dashoffset.stroke-linecap.stroke-linejoin.stroke-miterlimit.stroke-opacity.stroke.stroke-width.style.surfacescale.systemlanguage.tabindex.tablevalues.targetx.targety.transform.transform-origin.text-anchor.text-decoration.text-orientation.text-rendering.textlength.type.u1.u2.unicode.values.vector-effect.viewbox.visibility.version.vert-adv-y.vert-origin-x.vert-origin-y.width.word-spacing.wrap.writing-mode.xchannelselector.ychannelselector.x.x1.x2.xmlns.y.y1.y2.z.zoomandpan`.split(`.`)),mr=B(`accent.accentunder.align.bevelled.close.columnalign.columnlines.columnspacing.columnspan.denomalign.depth.dir.display.displaystyle.encoding.fence.frame.height.href.id.largeop.length.linethickness.lquote.lspace.mathbackground.mathcolor.mathsize.mathvariant.maxsize.minsize.movablelimits.notation.numalign.open.rowalign.rowlines.rowspacing.rowspan.rspace.rquote.scriptlevel.scriptminsize.scriptsizemultiplier.selection.separator.separators.stretchy.subscriptshift.supscriptshift.symmetric.voffset.width.xmlns`.split(`.`)),hr=B([`xlink:href`,`xml:id`,`xlink:title`,`xml:space`,`xmlns:xlink`]),gr=V(/{{[\w\W]*|^[\w\W]*}}/g),_r=V(/<%[\w\W]*|^[\w\W]*%>/g),vr=V(/\${[\w\W]*/g),yr=V(/{{|}}|\${|<%|%>|&lt;%|%&gt;/),br=V(/^data-[\-\w.\u00B7-\uFFFF]+$/),xr=V(/^aria-[\-\w]+$/),Sr=V(/^(?:(?:(?:f|ht)tps?|mailto|tel|callto|sms|cid|xmpp|matrix):|[^a-z]|[a-z+.\-]+(?:[^a-z+.\-:]|$))/i),Cr=V(/^(?:\w+script|data):/i),wr=V(/[\u0000-\u0020\u00A0\u1680\u180E\u2000-\u2029\u205F\u3000]/g),Tr=V(/^html$/i),Er=V(/^[a-z][.\w]*(-[.\w]+)+$/i),Dr=V(/<[/\w!]/g),Or=V(/<[/\w]/g),kr=V(/<\/no(script|embed|frames)/i),Ar=V(/\/>/i),jr=V(/((--!?|])>)|<\/(style|script|title|xmp|textarea|noscript|iframe|noembed|noframes)/i),Mr=V(/^[\r\n\t ]+/),q={element:1,text:3,processingInstruction:7,comment:8,document:9,documentFragment:11},Nr=B(G({},[`style`,`script`,`xmp`,`iframe`,`noembed`,`noframes`,`plaintext`,`noscript`])),Pr=function(){return typeof window>`u`?null:window},Fr=function(e,t){if(typeof e!=`object`||typeof e.createPolicy!=`function`)return null;let n=null,r=`data-tt-policy-suffix`;t&&t.hasAttribute(r)&&(n=t.getAttribute(r));let i=`dompurify`+(n?`#`+n:``);try{return e.createPolicy(i,{createHTML(e){return e},createScriptURL(e){return e}})}catch{return console.warn(`TrustedTypes policy `+i+` could not be created.`),null}},Ir=function(){return{afterSanitizeAttributes:[],afterSanitizeElements:[],afterSanitizeShadowDOM:[],beforeSanitizeAttributes:[],beforeSanitizeElements:[],beforeSanitizeShadowDOM:[],uponSanitizeAttribute:[],uponSanitizeElement:[],uponSanitizeShadowNode:[]}},Lr=function(e,t,n,r){return H(e,t)&&Fn(e[t])?G(r.base?tr(r.base):{},e[t],r.transform):n},Rr=function(e,t,n){let r=H(e,t)?e[t]:void 0;return r&&typeof r==`object`?er(r):n};function zr(){let e=arguments.length>0&&arguments[0]!==void 0?arguments[0]:Pr(),t=e=>zr(e);if(t.version=`3.4.18`,t.removed=[],!e||!e.document||e.document.nodeType!==q.document||!e.Element)return t.isSupported=!1,t;let n=e.document,r=n,i=r.currentScript,a=e.HTMLTemplateElement,o=e.Node,s=e.Element,c=e.NodeFilter,l=e.DOMParser,u=e.trustedTypes,d=s.prototype,f=K(d,`cloneNode`),p=K(d,`remove`),m=K(d,`removeAttributeNode`),h=K(d,`nextSibling`),ee=K(d,`childNodes`),te=K(d,`parentNode`),ne=K(d,`shadowRoot`),re=K(d,`attributes`),ie=o&&o.prototype?K(o.prototype,`nodeType`):null,ae=o&&o.prototype?K(o.prototype,`nodeName`):null,oe=o&&o.prototype?K(o.prototype,`ownerDocument`):null,g=function(e){return ie?ie(e):e.nodeType},se=function(e){return ae?ae(e):e.nodeName},ce=rr(d,`namespaceURI`),le=function(e){return ce?ce(e):e.namespaceURI};if(typeof a==`function`){let e=n.createElement(`template`);e.content&&e.content.ownerDocument&&(n=e.content.ownerDocument)}let _,ue=``,de,fe=!1,pe=0,me=function(){if(pe>0)throw Zn(`A configured TRUSTED_TYPES_POLICY callback (createHTML or createScriptURL) must not call DOMPurify.sanitize, as that causes infinite recursion. Do not pass a policy whose callbacks wrap DOMPurify as TRUSTED_TYPES_POLICY; see the "DOMPurify and Trusted Types" section of the README.`)},v=function(e){me(),pe++;try{return _.createHTML(e)}finally{pe--}},he=function(e){return _&&qe?v(e):e},ge=function(e){me(),pe++;try{return _.createScriptURL(e)}finally{pe--}},_e=function(){return fe||=(de=Fr(u,i),!0),de},ve=n,ye=ve.implementation,be=ve.createNodeIterator,xe=ve.createDocumentFragment,Se=ve.getElementsByTagName,Ce=r.importNode,y=Ir();t.isSupported=typeof yn==`function`&&typeof te==`function`&&ye&&ye.createHTMLDocument!==void 0;let we=gr,Te=_r,Ee=vr,De=br,Oe=xr,ke=Cr,b=wr,Ae=Er,je=Sr,x=null,Me=G({},[...ar,...or,...sr,...lr,...dr]),S=null,Ne=G({},[...fr,...pr,...mr,...hr]),C=null,Pe=null,Fe=null,Ie=Object.seal(Tn(null,{tagCheck:{writable:!0,configurable:!1,enumerable:!0,value:null},attributeCheck:{writable:!0,configurable:!1,enumerable:!0,value:null}})),Le=!0,Re=!0,ze=!1,Be=!0,w=!1,Ve=!0,He=!1,Ue=!1,We=null,Ge=null,T=!1,Ke=!1,E=!1,qe=!1,Je=!0,D=!1,O=`user-content-`,Ye=!0,Xe=!1,Ze=null,k=!1,A=null,Qe=G({},`annotation-xml.audio.colgroup.desc.foreignobject.head.iframe.math.mi.mn.mo.ms.mtext.noembed.noframes.noscript.plaintext.script.selectedcontent.style.svg.template.thead.title.video.xmp`.split(`.`)),$e=null,et=G({},[`audio`,`video`,`img`,`source`,`image`,`track`]),tt=null,nt=G({},[`alt`,`class`,`for`,`id`,`label`,`name`,`pattern`,`placeholder`,`role`,`summary`,`title`,`value`,`style`,`xmlns`]),rt=`http://www.w3.org/1998/Math/MathML`,j=`http://www.w3.org/2000/svg`,M=`http://www.w3.org/1999/xhtml`,it=M,N=!1,at=null,ot=G({},[rt,j,M],Bn),st=B(G({},[`mi`,`mo`,`mn`,`ms`,`mtext`])),ct=null,lt=B(G({},[`annotation-xml`])),ut=null,dt=B(Tn(null)),ft=G({},[`title`,`style`,`font`,`a`,`script`]),pt=null,mt=[`application/xhtml+xml`,`text/html`],P=null,ht=null,gt=n.createElement(`form`),_t=function(e){return e instanceof RegExp||e instanceof Function},vt=function(){let e=arguments.length>0&&arguments[0]!==void 0?arguments[0]:{};e&&typeof e==`object`||(e={}),e=er(e),pt=mt.indexOf(e.PARSER_MEDIA_TYPE)===-1?`text/html`:e.PARSER_MEDIA_TYPE,P=pt===`application/xhtml+xml`?Bn:zn,x=Lr(e,`ALLOWED_TAGS`,Me,{transform:P}),S=Lr(e,`ALLOWED_ATTR`,Ne,{transform:P}),at=Lr(e,`ALLOWED_NAMESPACES`,ot,{transform:Bn}),tt=Lr(e,`ADD_URI_SAFE_ATTR`,nt,{transform:P,base:nt}),$e=Lr(e,`ADD_DATA_URI_TAGS`,et,{transform:P,base:et}),A=Lr(e,`FORBID_CONTENTS`,Qe,{transform:P}),Pe=Lr(e,`FORBID_TAGS`,Tn(null),{transform:P}),Fe=Lr(e,`FORBID_ATTR`,Tn(null),{transform:P}),k=H(e,`USE_PROFILES`)?e.USE_PROFILES&&typeof e.USE_PROFILES==`object`?er(e.USE_PROFILES):e.USE_PROFILES:!1,Le=e.ALLOW_ARIA_ATTR!==!1,Re=e.ALLOW_DATA_ATTR!==!1,ze=e.ALLOW_UNKNOWN_PROTOCOLS||!1,Be=e.ALLOW_SELF_CLOSE_IN_ATTR!==!1,w=e.SAFE_FOR_TEMPLATES||!1,Ve=e.SAFE_FOR_XML!==!1,He=e.WHOLE_DOCUMENT||!1,Ke=e.RETURN_DOM||!1,E=e.RETURN_DOM_FRAGMENT||!1,qe=e.RETURN_TRUSTED_TYPE||!1,T=e.FORCE_BODY||!1,Je=e.SANITIZE_DOM!==!1,D=e.SANITIZE_NAMED_PROPS||!1,Ye=e.KEEP_CONTENT!==!1,Xe=e.IN_PLACE||!1,je=ir(e.ALLOWED_URI_REGEXP)?e.ALLOWED_URI_REGEXP:Sr,it=typeof e.NAMESPACE==`string`?e.NAMESPACE:M,ct=Rr(e,`MATHML_TEXT_INTEGRATION_POINTS`,st),ut=Rr(e,`HTML_INTEGRATION_POINTS`,lt);let t=Rr(e,`CUSTOM_ELEMENT_HANDLING`,dt);if(C=Tn(null),H(t,`tagNameCheck`)&&_t(t.tagNameCheck)&&(C.tagNameCheck=t.tagNameCheck),H(t,`attributeNameCheck`)&&_t(t.attributeNameCheck)&&(C.attributeNameCheck=t.attributeNameCheck),H(t,`allowCustomizedBuiltInElements`)&&typeof t.allowCustomizedBuiltInElements==`boolean`&&(C.allowCustomizedBuiltInElements=t.allowCustomizedBuiltInElements),V(C),w&&(Re=!1),E&&(Ke=!0),k&&((H(e,`ALLOWED_TAGS`)||H(e,`ALLOWED_ATTR`))&&typeof console<`u`&&typeof console.warn==`function`&&console.warn(`DOMPurify: USE_PROFILES overrides ALLOWED_TAGS and ALLOWED_ATTR. Do not use these options together.`),x=G({},dr),S=Tn(null),k.html===!0&&(G(x,ar),G(S,fr)),k.svg===!0&&(G(x,or),G(S,pr),G(S,hr)),k.svgFilters===!0&&(G(x,sr),G(S,pr),G(S,hr)),k.mathMl===!0&&(G(x,lr),G(S,mr),G(S,hr))),Ie.tagCheck=null,Ie.attributeCheck=null,H(e,`ADD_TAGS`)&&(typeof e.ADD_TAGS==`function`?Ie.tagCheck=e.ADD_TAGS:Fn(e.ADD_TAGS)&&(x===Me&&(x=tr(x)),G(x,e.ADD_TAGS,P))),H(e,`ADD_ATTR`)&&(typeof e.ADD_ATTR==`function`?Ie.attributeCheck=e.ADD_ATTR:Fn(e.ADD_ATTR)&&(S===Ne&&(S=tr(S)),G(S,e.ADD_ATTR,P))),H(e,`ADD_FORBID_CONTENTS`)&&Fn(e.ADD_FORBID_CONTENTS)&&(A===Qe&&(A=tr(A)),G(A,e.ADD_FORBID_CONTENTS,P)),Ye&&(x[`#text`]=!0),He&&G(x,[`html`,`head`,`body`]),x.table&&(x.tbody=!0,delete Pe.tbody),e.TRUSTED_TYPES_POLICY){if(typeof e.TRUSTED_TYPES_POLICY.createHTML!=`function`)throw Zn(`TRUSTED_TYPES_POLICY configuration option must provide a "createHTML" hook.`);if(typeof e.TRUSTED_TYPES_POLICY.createScriptURL!=`function`)throw Zn(`TRUSTED_TYPES_POLICY configuration option must provide a "createScriptURL" hook.`);let t=_;_=e.TRUSTED_TYPES_POLICY;try{ue=v(``)}catch(e){throw _=t,e}}else e.TRUSTED_TYPES_POLICY===null?(_=void 0,ue=``):(_===void 0&&(_=_e()),_&&typeof ue==`string`&&(ue=v(``)));ht=B(e)},yt=G({},[...or,...sr,...cr]),bt=G({},[...lr,...ur]),xt=function(e,t,n){return t===M?e===`svg`:t===rt?e===`svg`&&(n===`annotation-xml`||ct[n]):!!yt[e]},St=function(e,t,n){return t===M?e===`math`:t===j?e===`math`&&ut[n]:!!bt[e]},Ct=function(e,t,n){return t===j&&!ut[n]||t===rt&&!ct[n]?!1:!bt[e]&&(ft[e]||!yt[e])},wt=function(e){let t=le(e),n=zn(se(e)),r=te(e),i=it,a=`template`;return r&&g(r)===q.element&&(i=le(r),a=zn(se(r))),at[t]?t===j?xt(n,i,a):t===rt?St(n,i,a):t===M?Ct(n,i,a):pt===`application/xhtml+xml`:!1},F=function(e){Mn(t.removed,{element:e});try{te(e).removeChild(e)}catch{if(p(e),!te(e))throw Zn(`a node selected for removal could not be detached from its tree and cannot be safely returned; refusing to sanitize in place`)}},Tt=function(e,t,n){try{m(e,t)}catch{try{e.removeAttribute(n)}catch{}}},Et=function(e){kt(e);let t=ee(e);t&&kn(Nn(t),e=>{try{p(e)}catch{}}),g(e)===q.element&&I(e,!1)},Dt=function(e,n,r){if(!r)try{r=n.getAttributeNode(e)}catch{r=null}if(Mn(t.removed,{attribute:r||null,from:n}),r)Tt(n,r,e);else try{n.removeAttribute(e)}catch{}if(e===`is`){if(Ke||E)try{F(n)}catch{}else try{n.setAttribute(e,``)}catch{}}},I=function(e,t){let n=re(e);if(n)for(let r=n.length-1;r>=0;--r){let i=n[r],a=i&&i.name;typeof a==`string`&&!(t&&S[P(a)])&&Tt(e,i,a)}},Ot=function(e,t){let n=arguments.length>2&&arguments[2]!==void 0&&arguments[2],r=[e];for(;r.length>0;){let e=r.pop();if(t(e)===!1)continue;if(n&&g(e)===q.element){let t=ne(e);Ut(t)&&r.push(t)}let i=ee(e);if(i)for(let e=i.length-1;e>=0;--e)r.push(i[e])}},kt=function(e){Ot(e,e=>{g(e)===q.element&&I(e,!0)})},At=function(e){let t=[];return Ot(e,e=>{t.push(e)},!0),t},jt=function(e,t){let n=In();kn(At(e),e=>{g(e)===q.element&&Ln(n,e)}),kn(t,e=>{g(e)===q.element&&!Rn(n,e)&&I(e,!0)})},Mt=function(e,n){let r=!1;return kn(t.removed,t=>{t.element&&(r||=t.element===e,kt(t.element))}),jt(e,n),r},Nt=function(e,t){let n=Ze,r=null,i=()=>(r||(r=In(),kn(t,e=>{Ln(r,e)})),r);for(let t=0;;t++){let r=At(e),a=[e],o=!1;if(kn(r,e=>{g(e)===q.documentFragment?Mn(a,e):!o&&!Rn(n,e)&&(o=Rn(i(),e))}),!o)return;if(t>=8)throw Zn(`the tree kept changing during in-place sanitization; refusing to return it`);kn(a,(t,n)=>{Pt(t,n>0,e,i())})}},Pt=function(e,t,n,r){let i=Lt(e),a;for(;a=i.nextNode();)Rn(r,a)&&!Rn(Ze,a)&&(t&&z(y.uponSanitizeShadowNode,a,null),an(a,n))},L=function(e){Ze&&Ln(Ze,e)},R=function(e,t){return Ve?e===`patchsrc`||e===`for`&&t!==`label`&&t!==`output`:!1},Ft=function(e){Ve&&Ot(e,e=>{let t=g(e);if(t===q.processingInstruction||t===q.comment&&U(Or,e.data)){try{p(e)}catch{}return!1}if(t===q.element){let t=e,n=P(se(e));try{t.hasAttribute&&t.hasAttribute(`patchsrc`)&&t.removeAttribute(`patchsrc`),t.hasAttribute&&t.hasAttribute(`for`)&&R(`for`,n)&&t.removeAttribute(`for`)}catch{}}return!0})},It=function(e){let t=null,r=null;if(T)e=`<remove></remove>`+e;else{let t=Vn(e,Mr);r=t&&t[0]}pt===`application/xhtml+xml`&&it===M&&(e=`<html xmlns="http://www.w3.org/1999/xhtml"><head></head><body>`+e+`</body></html>`);let i=_?v(e):e;if(it===M)try{t=new l().parseFromString(i,pt)}catch{}if(!t||!t.documentElement){t=ye.createDocument(it,`template`,null);try{t.documentElement.innerHTML=N?ue:i}catch{}}let a=t.body||t.documentElement;return e&&r&&a.insertBefore(n.createTextNode(r),a.childNodes[0]||null),it===M?Se.call(t,He?`html`:`body`)[0]:He?t.documentElement:a},Lt=function(e){let t=arguments.length>1&&arguments[1]!==void 0&&arguments[1],n=oe?oe(e):e.ownerDocument;return be.call(n||e,e,(t?0:c.SHOW_ELEMENT)|c.SHOW_COMMENT|c.SHOW_TEXT|c.SHOW_PROCESSING_INSTRUCTION|c.SHOW_CDATA_SECTION,null)},Rt=function(e){return e=Hn(e,we,` `),e=Hn(e,Te,` `),e=Hn(e,Ee,` `),e},zt=function(e){Bt(e);let t=e.querySelectorAll?.call(e,`template`);t&&kn(t,e=>{Ut(e.content)&&zt(e.content)})},Bt=function(e){e.normalize();let t=Lt(e,!0),n=t.nextNode();for(;n;)n.data=Rt(n.data),n=t.nextNode()},Vt=function(e){let t=ae?ae(e):null;return typeof t!=`string`||P(t)!==`form`?!1:typeof e.nodeName!=`string`||typeof e.textContent!=`string`||typeof e.removeChild!=`function`||e.attributes!==re(e)||typeof e.removeAttribute!=`function`||typeof e.removeAttributeNode!=`function`||typeof e.getAttributeNode!=`function`||typeof e.setAttribute!=`function`||typeof e.namespaceURI!=`string`||typeof e.insertBefore!=`function`||typeof e.hasChildNodes!=`function`||e.nodeType!==ie(e)||e.childNodes!==ee(e)},Ht=function(e){if(!ie||typeof e!=`object`||!e)return null;try{let t=ie(e);return typeof t==`number`?t:null}catch{return null}},Ut=function(e){return Ht(e)===q.documentFragment},Wt=function(e){return Ht(e)!==null};function z(e,n,r){e.length!==0&&kn(e,e=>{e.call(t,n,r,ht)})}let Gt=function(e,t,n){return!!(Ve&&n===q.element&&e.hasChildNodes()&&!Wt(e.firstElementChild)&&U(Dr,e.textContent)&&U(Dr,e.innerHTML)||Ve&&Nr[t]&&n===q.element&&le(e)===M&&(Wt(e.firstElementChild)||typeof e.textContent==`string`&&U(Dr,e.textContent))||n===q.processingInstruction||Ve&&n===q.comment&&U(Or,e.data))},Kt=function(e,t){return e instanceof RegExp?U(e,t):e instanceof Function&&!!e(t,...[...arguments].slice(2))},qt=function(e,t,n){if(!Pe[t]&&$t(t)&&Kt(C.tagNameCheck,t))return!1;if(Ye&&!A[t]&&!A[zn(t)]){let t=te(e),r=ee(e);if(r&&t){let i=r.length;for(let a=i-1;a>=0;--a){let i=e===n?f(r[a],!0):r[a];t.insertBefore(i,h(e))}}}return F(e),!0},Jt=function(e,t,n,r){return e.length===0?t:t===n||t===r?tr(t):t},Yt=function(e,t){return e===t||te(e)!==null?!1:(Xe&&kt(e),!0)},Xt=function(e,n){if(L(e),z(y.beforeSanitizeElements,e,null),Yt(e,n))return!0;if(Vt(e))return F(e),!0;let r=P(se(e)),i=g(e);if(x=Jt(y.uponSanitizeElement,x,Me,We),z(y.uponSanitizeElement,e,{tagName:r,allowedTags:x}),Yt(e,n))return!0;if(Gt(e,r,i))return F(e),!0;if(Pe[r]||!(Ie.tagCheck instanceof Function&&Ie.tagCheck(r))&&!x[r]){let t=qt(e,r,n);return t===!1&&(z(y.afterSanitizeElements,e,null),Yt(e,n))?!0:t}if(i===q.element&&!wt(e)||(r===`noscript`||r===`noembed`||r===`noframes`)&&U(kr,e.innerHTML))return F(e),!0;if(w&&i===q.text){let n=e.textContent,r=Rt(n);n!==r&&(Mn(t.removed,{element:e.cloneNode()}),e.textContent=r)}return z(y.afterSanitizeElements,e,null),Yt(e,n)},Zt=function(e,t,r){if(Fe[t]||R(t,e)||Je&&(t===`id`||t===`name`)&&(r in n||r in gt))return!1;let i=S[t]||Ie.attributeCheck instanceof Function&&Ie.attributeCheck(t,e);if(Re&&U(De,t)||Le&&U(Oe,t))return!0;if(!i)return $t(e)&&Kt(C.tagNameCheck,e)&&Kt(C.attributeNameCheck,t,e)||t===`is`&&C.allowCustomizedBuiltInElements&&Kt(C.tagNameCheck,r);if(tt[t])return!0;let a=Hn(r,b,``);return U(je,a)||(t===`src`||t===`xlink:href`||t===`href`)&&e!==`script`&&Un(r,`data:`)===0&&$e[e]||ze&&!U(ke,a)?!0:!r},Qt=G({},[`annotation-xml`,`color-profile`,`font-face`,`font-face-format`,`font-face-name`,`font-face-src`,`font-face-uri`,`missing-glyph`]),$t=function(e){return!Qt[zn(e)]&&U(Ae,e)},en=function(e,t,n,r){if(_&&typeof u==`object`&&typeof u.getAttributeType==`function`&&!n)switch(u.getAttributeType(e,t)){case`TrustedHTML`:return v(r);case`TrustedScriptURL`:return ge(r)}return r},tn=function(e,t,n,r){try{return n?e.setAttributeNS(n,t,r):e.setAttribute(t,r),!Vt(e)||(F(e),!1)}catch{return Dt(t,e),!1}},nn=function(e,t){return Ve&&U(jr,t)?!0:zn(e)===`attributename`&&Un(t,`href`)!==-1},rn=function(e,n){if(z(y.beforeSanitizeAttributes,e,null),Yt(e,n))return;let r=e.attributes;if(!r||Vt(e))return;S=Jt(y.uponSanitizeAttribute,S,Ne,Ge);let i={attrName:``,attrValue:``,keepAttr:!0,allowedAttributes:S,forceKeepAttr:void 0},a=r.length,o=P(se(e));for(;a--;){let n=r[a],s=n.name,c=n.namespaceURI,l=n.value,u=P(s),d=l,f=s===`value`?d:Wn(d),p=!1;i.attrName=u,i.attrValue=f,i.keepAttr=!0,i.forceKeepAttr=void 0,z(y.uponSanitizeAttribute,e,i),f=i.attrValue,D&&(u===`id`||u===`name`)&&Un(f,O)!==0&&(Dt(s,e,n),f=O+f,p=!0),nn(s,f)?Dt(s,e,n):i.forceKeepAttr||(i.keepAttr?!Be&&U(Ar,f)?Dt(s,e,n):(w&&(f=Rt(f)),Zt(o,u,f)?(f=en(o,u,c,f),f!==d&&tn(e,s,c,f)&&p&&jn(t.removed)):Dt(s,e,n)):Dt(s,e,n))}z(y.afterSanitizeAttributes,e,null),Yt(e,n)},an=function(e,t){Xt(e,t),rn(e,t),Ut(e.content)&&on(e.content)},on=function(e){let t=null,n=Lt(e);for(z(y.beforeSanitizeShadowDOM,e,null);t=n.nextNode();)if(z(y.uponSanitizeShadowNode,t,null),an(t,e),g(t)===q.element){let e=ne(t);Ut(e)&&(sn(e),on(e))}w&&Bt(e),z(y.afterSanitizeShadowDOM,e,null)},sn=function(e){let t=[{node:e,shadow:null}];for(;t.length>0;){let e=t.pop();if(e.shadow){on(e.shadow);continue}let n=e.node,r=g(n)===q.element,i=ee(n);if(i)for(let e=i.length-1;e>=0;--e)t.push({node:i[e],shadow:null});if(r){let e=ae?ae(n):null;if(typeof e==`string`&&P(e)===`template`){let e=n.content;Ut(e)&&t.push({node:e,shadow:null})}}if(r){let e=ne(n);Ut(e)&&t.push({node:null,shadow:e},{node:e,shadow:null})}}};return t.sanitize=function(e){let n=arguments.length>1&&arguments[1]!==void 0?arguments[1]:{},i=null,a=null,o=null,s=null;if(N=!e,N&&(e=`<!-->`),typeof e!=`string`&&!Wt(e)&&(e=nr(e),typeof e!=`string`))throw Zn(`dirty is not a string, aborting`);if(!t.isSupported)return e;Ue?(x=We,S=Ge):vt(n),t.removed=[];let c=Xe&&typeof e!=`string`&&Wt(e),l=[],u=Ze;if(c){Ft(e);let t=se(e);if(typeof t==`string`){let n=P(t);if(!x[n]||Pe[n])throw Et(e),Zn(`root node is forbidden and cannot be sanitized in-place`)}if(Vt(e))throw Et(e),Zn(`root node is clobbered and cannot be sanitized in-place`);l=At(e),Ze=In()}else if(Wt(e))i=It(`<!---->`),a=i.ownerDocument.importNode(e,!0),a.nodeType===q.element&&a.nodeName===`BODY`||a.nodeName===`HTML`?i=a:i.appendChild(a),sn(i);else{if(!Ke&&!w&&!He&&e.indexOf(`<`)===-1)return he(e);if(i=It(e),!i)return Ke?null:qe?ue:``}i&&T&&F(i.firstChild);let d=c?e:i;try{c&&sn(e);let t=Lt(d);for(;o=t.nextNode();)an(o,d);c&&Nt(e,l)}catch(t){throw c&&(Et(e),Mt(e,l)),t}finally{Ze=u}if(c){if(Mt(e,l))throw Zn(`a node selected for removal could not be safely returned; refusing to sanitize in place`);return w&&zt(e),e}if(Ke){if(w&&zt(i),E)for(s=xe.call(i.ownerDocument);i.firstChild;)s.appendChild(i.firstChild);else s=i;return(S.shadowroot||S.shadowrootmode)&&(s=Ce.call(r,s,!0)),s}let f=()=>He?i.outerHTML:i.innerHTML,p=f();return w&&U(yr,p)&&(Bt(i),p=f()),He&&x[`!doctype`]&&i.ownerDocument&&i.ownerDocument.doctype&&i.ownerDocument.doctype.name&&U(Tr,i.ownerDocument.doctype.name)&&(p=`<!DOCTYPE `+i.ownerDocument.doctype.name+`>
`+p),he(p)},t.setConfig=function(){let e=arguments.length>0&&arguments[0]!==void 0?arguments[0]:{};vt(e),Ue=!0,We=x,Ge=S},t.clearConfig=function(){ht=null,Ue=!1,We=null,Ge=null,_=de,ue=``},t.isValidAttribute=function(e,t,n){ht||vt({});let r=P(e),i=P(t);return typeof n==`string`&&(nn(t,n)||!Be&&U(Ar,n))?!1:Zt(r,i,n)},t.addHook=function(e,t){typeof t==`function`&&H(y,e)&&Mn(y[e],t)},t.removeHook=function(e,t){if(H(y,e)){if(t!==void 0){let n=An(y[e],t);return n===-1?void 0:Pn(y[e],n,1)[0]}return jn(y[e])}},t.removeHooks=function(e){H(y,e)&&(y[e]=[])},t.removeAllHooks=function(){y=Ir()},t}var Br=zr();function Vr(){return{async:!1,breaks:!1,extensions:null,gfm:!0,hooks:null,pedantic:!1,renderer:null,silent:!1,tokenizer:null,walkTokens:null}}var Hr=Vr();function Ur(e){Hr=e}var Wr={exec:()=>null};function Gr(e){let t=[];return n=>{let r=Math.max(0,Math.min(3,n-1)),i=t[r];return i||(i=e(r),t[r]=i),i}}function J(e,t=``){let n=typeof e==`string`?e:e.source,r={replace:(e,t)=>{let i=typeof t==`string`?t:t.source;return i=i.replace(Y.caret,`$1`),n=n.replace(e,i),r},getRegex:()=>new RegExp(n,t)};return r}var Kr=((e=``)=>{try{return!!RegExp(`(?<=1)(?<!1)`+e)}catch{return!1}})(),Y={codeRemoveIndent:/^(?: {0,3}\t| {1,4})/gm,listInterruptsParagraph:/^ {0,3}(?:[*+-]|1[.)])[ \t]+[^ \t\n]/,outputLinkReplace:/\\([\[\]])/g,indentCodeCompensation:/^(\s+)(?:```)/,beginningSpace:/^\s+/,endingHash:/#$/,startingSpaceChar:/^ /,endingSpaceChar:/ $/,endingSpaceTabChar:/[ \t]$/,nonSpaceChar:/[^ ]/,newLineCharGlobal:/\n/g,tabCharGlobal:/\t/g,leadingSpaceTab:/^[ \t]+/,multipleSpaceGlobal:/\s+/g,blankLine:/^[ \t]*$/,doubleBlankLine:/\n[ \t]*\n[ \t]*$/,blockquoteStart:/^ {0,3}>/,blockquoteSetextReplace:/\n {0,3}((?:=+|-+)[ \t]*)(?=\n|$)/g,blockquoteSetextReplace2:/^ {0,3}>[ \t]?/gm,blockquoteMarkerWhitespace:/^( {0,3}>)(\t[ \t]*)/gm,nestedBlockMarker:/^ {0,3}(?:(?:[*+-]|\d{1,9}[.)])(?: |$)|> ?)/,listReplaceNesting:/^ {1,4}(?=( {4})*[^ ])/g,listIsTask:/^\[[ xX]\][ \t]+\S/,listReplaceTask:/^\[[ xX]\][ \t]+/,listTaskCheckbox:/\[[ xX]\]/,anyLine:/\n.*\n/,hrefBrackets:/^<(.*)>$/,tableDelimiter:/[:|]/,tableAlignChars:/^\||\| *$/g,tableRowBlankLine:/\n[ \t]*$/,tableAlignRight:/^ *-+: *$/,tableAlignCenter:/^ *:-+: *$/,tableAlignLeft:/^ *:-+ *$/,startATag:/^<a /i,endATag:/^<\/a>/i,startPreScriptTag:/^<(pre|code|kbd|script)(\s|>)/i,endPreScriptTag:/^<\/(pre|code|kbd|script)(\s|>)/i,startAngleBracket:/^</,endAngleBracket:/>$/,pedanticHrefTitle:/^([^'"]*[^\s])\s+(['"])(.*)\2/,unicodeAlphaNumeric:/[\p{L}\p{N}]/u,numericCharacterReference:/&#(?:(\d{1,7})|[Xx]([A-Fa-f0-9]{1,6}));/,numericCharacterReferenceOrAmpersand:/&#(?:(\d{1,7})|[Xx]([A-Fa-f0-9]{1,6}));|&(?!(#\d{1,7}|#[Xx][a-fA-F0-9]{1,6}|\w+);)/g,escapeTest:/[&<>"']/,escapeReplace:/[&<>"']/g,escapeTestNoEncode:/[<>"']|&(?!(#\d{1,7}|#[Xx][a-fA-F0-9]{1,6}|\w+);)/,escapeReplaceNoEncode:/[<>"']|&(?!(#\d{1,7}|#[Xx][a-fA-F0-9]{1,6}|\w+);)/g,caret:/(^|[^\[])\^/g,percentDecode:/%25/g,findPipe:/\|/g,splitPipe:/ \|/,slashPipe:/\\\|/g,carriageReturn:/\r\n|\r/g,spaceLine:/^ +$/gm,notSpaceStart:/^\S*/,endingNewline:/\n$/,listItemRegex:e=>RegExp(`^( {0,3}${e})((?:[	 ][^\\n]*)?(?:\\n|$))`),nextBulletRegex:Gr(e=>RegExp(`^ {0,${e}}(?:[*+-]|\\d{1,9}[.)])((?:[ 	][^\\n]*)?(?:\\n|$))`)),hrRegex:Gr(e=>RegExp(`^ {0,${e}}((?:-[ 	]*){3,}|(?:_[ 	]*){3,}|(?:\\*[ 	]*){3,})(?:\\n+|$)`)),fencesBeginRegex:Gr(e=>RegExp(`^ {0,${e}}(?:\`\`\`|~~~)`)),headingBeginRegex:Gr(e=>RegExp(`^ {0,${e}}#{1,6}(?:\\s|$)`)),pedanticHeadingBeginRegex:Gr(e=>RegExp(`^ {0,${e}}#`)),htmlBeginRegex:Gr(e=>RegExp(`^ {0,${e}}(?:</?(?:${$r})(?:[ \\t]+|$|/?>)|<(?:(?:script|pre|style|textarea)(?:[\\s>]|$)|!--)|<\\?|<![A-Za-z]|<!\\[CDATA\\[)`,`i`)),blockquoteBeginRegex:Gr(e=>RegExp(`^ {0,${e}}>`)),nestedContainerMarkers:/^(?: {0,3}(?:(?:[*+-]|\d{1,9}[.)])[ \t]+|>[ \t]?))+/},qr=/^(?:[ \t]*(?:\n|$))+/,Jr=/^((?: {4}| {0,3}\t)[^\n]+(?:\n(?:[ \t]*(?:\n|$))*)?)+/,Yr=/^ {0,3}(`{3,}(?=[^`\n]*(?:\n|$))|~{3,})([^\n]*)(?:\n|$)(?:|([\s\S]*?)(?:\n|$))(?: {0,3}(?:(?=`)\1`*|(?=~)\1~*) *(?=\n|$)|$)/,Xr=/^ {0,3}((?:-[\t ]*){3,}|(?:_[ \t]*){3,}|(?:\*[ \t]*){3,})(?:\n+|$)/,Zr=/^ {0,3}(#{1,6})(?=\s|$)(.*)(?:\n+|$)/,Qr=/ {0,3}(?:[*+-]|\d{1,9}[.)])/,$r=`address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt|fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|menuitem|meta|nav|noframes|ol|optgroup|option|p|param|search|section|summary|table|tbody|td|tfoot|th|thead|title|tr|track|ul`,ei=J(` {0,3}(?:</?(?:tag)(?:[ \\t]+|\\n|/?>)|<(?:(?:script|pre|style|textarea)(?:[\\s>]|$)|!--)|<\\?|<![A-Za-z]|<!\\[CDATA\\[)`).replace(`tag`,$r).getRegex(),ti=/^(?!bull |blockCode|fences|blockquote|heading|html|table)((?:.|\n(?!\s*?\n|bull |fences|blockquote|heading|hr|html|table))+?)\n {0,3}(=+|-+)[ \t]*(?:\n+|$)/,ni=J(ti).replace(/bull/g,Qr).replace(/blockCode/g,/(?: {4}| {0,3}\t)/).replace(/fences/g,/ {0,3}(?:`{3,}|~{3,})/).replace(/blockquote/g,/ {0,3}>/).replace(/heading/g,/ {0,3}#{1,6}(?:\s|$)/).replace(/hr/g,/ {0,3}(?:(?:-[\t ]*){3,}|(?:_[ \t]*){3,}|(?:\*[ \t]*){3,})(?:\n+|$)/).replace(/\|table/g,``).replace(/html/g,ei).getRegex(),ri=J(ti).replace(/bull/g,Qr).replace(/blockCode/g,/(?: {4}| {0,3}\t)/).replace(/fences/g,/ {0,3}(?:`{3,}|~{3,})/).replace(/blockquote/g,/ {0,3}>/).replace(/heading/g,/ {0,3}#{1,6}(?:\s|$)/).replace(/hr/g,/ {0,3}(?:(?:-[\t ]*){3,}|(?:_[ \t]*){3,}|(?:\*[ \t]*){3,})(?:\n+|$)/).replace(/table/g,/ {0,3}\|?(?:[:\- ]*\|)+[\:\- ]*\n/).replace(/html/g,ei).getRegex(),ii=/^([^\n]+(?:\n(?!hr|heading|lheading|blockquote|fences|list|html|table|[ \t]+\n)[^\n]+)*)/,ai=/^[^\n]+/,oi=/(?!\s*\])(?:\\[\s\S]|[^\[\]\\\n]|\n(?![ \t]*\n))+/,si=J(/^ {0,3}\[(label)\]: *(?:\n[ \t]*)?([^<\s][^\s]*|<(?:\\.|[^\n<>\\])*>)(?:(?: +(?:\n[ \t]*)?| *\n[ \t]*)(title))? *(?:\n+|$)/).replace(`label`,oi).replace(`title`,/(?:"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\\n]|\n(?!\n))*'|\((?:\\[\s\S]|[^()\\])*\))/).getRegex(),ci=J(/^(bull)([ \t][^\n]*?)?(?:\n|$)/).replace(/bull/g,Qr).getRegex(),li=/<!--(?:-?>|[\s\S]*?(?:-->|$))/,ui=J(`^ {0,3}(?:<(script|pre|style|textarea)[\\s>][\\s\\S]*?(?:</\\1>[^\\n]*\\n*|$)|comment[^\\n]*(\\n+|$)|<\\?[\\s\\S]*?(?:\\?>[^\\n]*\\n*|$)|<![A-Z][\\s\\S]*?(?:>[^\\n]*\\n*|$)|<!\\[CDATA\\[[\\s\\S]*?(?:\\]\\]>[^\\n]*\\n*|$)|</?(tag)(?:[ \\t]+|\\n|/?>|$)[\\s\\S]*?(?:(?:\\n[ 	]*)+\\n|$)|<(?!(?:script|pre|style|textarea)(?![a-z0-9-]))([a-z][a-z0-9-]*)(?:attribute)*?[ \\t]*/?>(?=[ \\t]*(?:\\n|$))[\\s\\S]*?(?:(?:\\n[ 	]*)+\\n|$)|</[a-z][a-z0-9-]*\\s*>(?=[ \\t]*(?:\\n|$))[\\s\\S]*?(?:(?:\\n[ 	]*)+\\n|$))`,`i`).replace(`comment`,li).replace(`tag`,$r).replace(`attribute`,/[ \t]+[a-zA-Z:_][\w.:-]*(?:[ \t]*=[ \t]*"[^"\n]*"|[ \t]*=[ \t]*'[^'\n]*'|[ \t]*=[ \t]*[^\s"'=<>`]+)?/).getRegex(),di=e=>J(ii).replace(`hr`,Xr).replace(`heading`,` {0,3}#{1,6}(?:\\s|$)`).replace(`|lheading`,``).replace(`|table`,``).replace(`blockquote`,` {0,3}>`).replace(`fences`," {0,3}(?:`{3,}(?=[^`\\n]*(?:\\n|$))|~~~)[^\\n]*(?:\\n|$)").replace(`list`,e).replace(`html`,ei).getRegex(),fi=di(/ {0,3}(?:[*+-]|1[.)])[ \t]+[^ \t\n]/),pi=di(/ {0,3}(?:[*+-]|\d{1,9}[.)])(?:[ \t]|\n|$)/),mi={blockquote:J(/^( {0,3}> ?(?:(?![ \t]*(?:\n|$))(paragraph)|[^\n]*)(?:\n|$))+/).replace(`paragraph`,pi).getRegex(),code:Jr,def:si,fences:Yr,heading:Zr,hr:Xr,html:ui,lheading:ni,list:ci,newline:qr,paragraph:fi,table:Wr,text:ai},hi=J(`^ *([^\\n ].*)\\n {0,3}((?:\\| *)?:?-+:? *(?:\\| *:?-+:? *)*(?:\\| *)?)(?:\\n((?:(?! *\\n|hr|heading|blockquote|code|fences|list|html).*(?:\\n|$))*)\\n*|$)`).replace(`hr`,Xr).replace(`heading`,` {0,3}#{1,6}(?:\\s|$)`).replace(`blockquote`,` {0,3}>`).replace(`code`,`(?: {4}| {0,3}	)[^\\n]`).replace(`fences`," {0,3}(?:`{3,}(?=[^`\\n]*(?:\\n|$))|~~~)[^\\n]*(?:\\n|$)").replace(`list`,` {0,3}(?:[*+-]|1[.)])[ \\t]`).replace(`html`,ei).getRegex(),gi={...mi,lheading:ri,table:hi,paragraph:J(ii).replace(`hr`,Xr).replace(`heading`,` {0,3}#{1,6}(?:\\s|$)`).replace(`|lheading`,``).replace(`table`,hi).replace(`blockquote`,` {0,3}>`).replace(`fences`," {0,3}(?:`{3,}(?=[^`\\n]*(?:\\n|$))|~~~)[^\\n]*(?:\\n|$)").replace(`list`,` {0,3}(?:[*+-]|1[.)])[ \\t]+[^ \\t\\n]`).replace(`html`,ei).getRegex()},_i={...mi,html:J(`^ *(?:comment(?: *\\n|\\s*$)|<(tag)[\\s\\S]+?</\\1>(?: *\\n{2,}|\\s*$)|<tag(?:"[^"]*"|'[^']*'|\\s[^'"/>\\s]*)*?/?>(?: *\\n{2,}|\\s*$))`).replace(`comment`,li).replace(/tag/g,`(?!(?:a|em|strong|small|s|cite|q|dfn|abbr|data|time|code|var|samp|kbd|sub|sup|i|b|u|mark|ruby|rt|rp|bdi|bdo|span|br|wbr|ins|del|img)\\b)\\w+(?!:|[^\\w\\s@]*@)\\b`).getRegex(),def:/^ *\[([^\]]+)\]: *<?([^\s>]+)>?(?: +(["(][^\n]+[")]))? *(?:\n+|$)/,heading:/^(#{1,6})(.*)(?:\n+|$)/,fences:Wr,lheading:/^(.+?)\n {0,3}(=+|-+) *(?:\n+|$)/,paragraph:J(ii).replace(`hr`,Xr).replace(`heading`,` *#{1,6} *[^
]`).replace(`|table`,``).replace(`blockquote`,` {0,3}>`).replace(`|fences`,``).replace(`|list`,``).replace(`|html`,``).replace(`|tag`,``).replace(`lheading`,ni).getRegex()},vi=/^\\([!"#$%&'()*+,\-./:;<=>?@\[\]\\^_`{|}~])/,yi=/^(`+)([^`]|[^`][\s\S]*?[^`])\1(?!`)/,bi=/^( {2,}|\\)\n(?!\s*$)[ \t]*/,xi=/^(`+|[^`])(?:(?= {2,}\n)|[\s\S]*?(?:(?=[\\<!\[`*_]|\b_|$)|[^ ](?= {2,}\n)))/,Si=/[\p{P}\p{S}]/u,Ci=/[\s\p{P}\p{S}]/u,wi=/[^\s\p{P}\p{S}]/u,Ti=J(/^((?![*_])punctSpace)/,`u`).replace(/punctSpace/g,Ci).getRegex(),Ei=/[\p{Pi}\p{Ps}"']/u,Di=/(?!~)[\p{P}\p{S}]/u,Oi=/(?!~)[\s\p{P}\p{S}]/u,ki=/(?:[^\s\p{P}\p{S}]|~)/u,Ai=J(/link|precode-code|html/,`g`).replace(`link`,/\[(?:[^\[\]`]|(?<a>`+)[^`]+\k<a>(?!`))*?\]\((?:\\[\s\S]|[^\\\(\)]|\((?:\\[\s\S]|[^\\\(\)])*\))*\)/).replace(`precode-`,Kr?"(?<!`)()":"(^^|[^`])").replace(`code`,/(?<b>`+)[^`]+\k<b>(?!`)/).replace(`html`,/<(?! )[^<>]*?>/).getRegex(),ji=/^(?:\*+(?:((?!\*)punct)|([^\s*]))?)|^_+(?:((?!_)punct)|([^\s_]))?/,Mi=J(ji,`u`).replace(/punct/g,Si).getRegex(),Ni=J(ji,`u`).replace(/punct/g,Di).getRegex(),Pi=J(/^(?:\*+(?:((?!\*)(?!openQuote)punct)|([^\s*]))?)|^_+(?:((?!_)(?!openQuote)punct)|([^\s_]))?/,`u`).replace(/openQuote/g,Ei).replace(/punct/g,Si).getRegex(),Fi=`^[^_*]*?__[^_*]*?\\*[^_*]*?(?=__)|[^*]+(?=[^*])|(?!\\*)punct(\\*+)(?=[\\s]|$)|notPunctSpace(\\*+)(?!\\*)(?=punctSpace|$)|(?!\\*)punctSpace(\\*+)(?=notPunctSpace)|[\\s](\\*+)(?!\\*)(?=punct)|(?!\\*)punct(\\*+)(?!\\*)(?=punct)|notPunctSpace(\\*+)(?=notPunctSpace)`,Ii=J(Fi,`gu`).replace(/notPunctSpace/g,wi).replace(/punctSpace/g,Ci).replace(/punct/g,Si).getRegex(),Li=J(Fi,`gu`).replace(/notPunctSpace/g,ki).replace(/punctSpace/g,Oi).replace(/punct/g,Di).getRegex(),Ri=J(`^[^_*]*?__[^_*]*?\\*[^_*]*?(?=__)|[^*]+(?=[^*])|(?!\\*)punct(\\*+)(?=[\\s]|$)|notPunctSpace(\\*+)(?!\\*)(?=punctSpace|$)|(?!\\*)[\\s](\\*+)(?=notPunctSpace)|[\\s](\\*+)(?!\\*)(?=punct)|(?!\\*)punct(\\*+)(?!\\*)(?=punct)|(?:(?!\\*)punct|notPunctSpace)(\\*+)(?!\\*)(?=notPunctSpace)`,`gu`).replace(/notPunctSpace/g,wi).replace(/punctSpace/g,Ci).replace(/punct/g,Si).getRegex(),zi=J(`^[^_*]*?\\*\\*[^_*]*?_[^_*]*?(?=\\*\\*)|[^_]+(?=[^_])|(?!_)punct(_+)(?=[\\s]|$)|notPunctSpace(_+)(?!_)(?=punctSpace|$)|(?!_)punctSpace(_+)(?=notPunctSpace)|[\\s](_+)(?!_)(?=punct)|(?!_)punct(_+)(?!_)(?=punct)`,`gu`).replace(/notPunctSpace/g,wi).replace(/punctSpace/g,Ci).replace(/punct/g,Si).getRegex(),Bi=J(`^[^_*]*?\\*\\*[^_*]*?_[^_*]*?(?=\\*\\*)|[^_]+(?=[^_])|(?!_)punct(_+)(?=[\\s]|$)|notPunctSpace(_+)(?!_)(?=punctSpace|$)|(?!_)[\\s](_+)(?=notPunctSpace)|[\\s](_+)(?!_)(?=punct)|(?!_)punct(_+)(?!_)(?=punct)|(?:(?!_)punct|notPunctSpace)(_+)(?!_)(?=notPunctSpace)`,`gu`).replace(/notPunctSpace/g,wi).replace(/punctSpace/g,Ci).replace(/punct/g,Si).getRegex(),Vi=J(/^~~?(?:((?!~)punct)|[^\s~])/,`u`).replace(/punct/g,Si).getRegex(),Hi=J(`^[^~]+(?=[^~])|(?!~)punct(~~?)(?=[\\s]|$)|notPunctSpace(~~?)(?!~)(?=punctSpace|$)|(?!~)punctSpace(~~?)(?=notPunctSpace)|[\\s](~~?)(?!~)(?=punct)|(?!~)punct(~~?)(?!~)(?=punct)|notPunctSpace(~~?)(?=notPunctSpace)`,`gu`).replace(/notPunctSpace/g,wi).replace(/punctSpace/g,Ci).replace(/punct/g,Si).getRegex(),Ui=J(/\\(punct)/,`gu`).replace(/punct/g,Si).getRegex(),Wi=J(/(`+)(?:[^`]|[^`][\s\S]*?[^`])\1(?!`)|`+|\\(punct)/,`gu`).replace(/punct/g,Si).getRegex(),Gi=J(/^<(scheme:[^\s\x00-\x1f<>]*|email)>/).replace(`scheme`,/[a-zA-Z][a-zA-Z0-9+.-]{1,31}/).replace(`email`,/[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+(@)[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)+(?![-_])/).getRegex(),Ki=J(li).replace(`(?:-->|$)`,`-->`).getRegex(),qi=J(`^comment|^</[a-zA-Z][a-zA-Z0-9-]*\\s*>|^<[a-zA-Z][a-zA-Z0-9-]*(?:attribute)*?\\s*/?>|^<\\?[\\s\\S]*?\\?>|^<![a-zA-Z]+\\s[\\s\\S]*?>|^<!\\[CDATA\\[[\\s\\S]*?\\]\\]>`).replace(`comment`,Ki).replace(`attribute`,/\s+[a-zA-Z:_][\w.:-]*(?:\s*=\s*"[^"]*"|\s*=\s*'[^']*'|\s*=\s*[^\s"'=<>`]+)?/).getRegex(),Ji=/\[(?:\\[\s\S]|[^\[\]\\])*\]/,Yi=J(/(?:\[(?:brackets|\\[\s\S]|[^\[\]\\])*\]|\\[\s\S]|`+(?!`)[^`]*?`+(?!`)|``+(?=\])|[^\[\]\\`])*?/).replace(`brackets`,Ji).getRegex(),Xi=J(/^!?\[(label)\]\([ \t\n]*(href)(?:(?:[ \t]+(?:\n[ \t]*)?|\n[ \t]*)(title))?[ \t\n]*\)/).replace(`label`,Yi).replace(`href`,/<(?:\\.|[^\n<>\\])*>|(?!<)[^ \t\n\x00-\x1f]+|(?=\))/).replace(`title`,/"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\])*'|\((?:\\[\s\S]|[^)\\])*\)/).getRegex(),Zi=J(/^!?\[(label)\]\[(ref)\]/).replace(`label`,Yi).replace(`ref`,oi).getRegex(),Qi=J(/^!?\[(ref)\](?:\[\])?/).replace(`ref`,oi).getRegex(),$i=/(?!\s*\])(?:\\[\s\S]|[^\[\]\\]){1,999}/,ea=J(/(?:[^\[\]\\`]*(?:\[(?:brackets|\\[\s\S]|[^\[\]\\])*\]|\\[\s\S]|`+(?!`)[^`]*?`+(?!`)|``+(?=\]))){0,999}?[^\[\]\\`]*?/).replace(`brackets`,Ji).getRegex(),ta=J(`reflink|nolink(?!\\()`,`g`).replace(`reflink`,J(/^!?\[(label)\]\[(ref)\]/).replace(`label`,ea).replace(`ref`,$i).getRegex()).replace(`nolink`,J(/^!?\[(ref)\](?:\[\])?/).replace(`ref`,$i).getRegex()).getRegex(),na=/[hH][tT][tT][pP][sS]?|[fF][tT][pP]/,ra=J(/(?:mailto:email|xmpp:email(?:\/[A-Za-z0-9@.]+)?)/).replace(/email/g,/[A-Za-z0-9._+-]+@[a-zA-Z0-9-_]+(?:\.[a-zA-Z0-9-_]*[a-zA-Z0-9])+(?![\w-])/).getRegex(),ia={_backpedal:Wr,anyPunctuation:Ui,anyPunctuationOutsideCode:Wi,autolink:Gi,blockSkip:Ai,br:bi,code:yi,del:Wr,delLDelim:Wr,delRDelim:Wr,emStrongLDelim:Mi,emStrongRDelimAst:Ii,emStrongRDelimUnd:zi,escape:vi,link:Xi,nolink:Qi,punctuation:Ti,reflink:Zi,reflinkSearch:ta,tag:qi,text:xi,url:Wr},aa={...ia,emStrongLDelim:Pi,emStrongRDelimAst:Ri,emStrongRDelimUnd:Bi,link:J(/^!?\[(label)\]\((.*?)\)/).replace(`label`,Yi).getRegex(),reflink:J(/^!?\[(label)\]\s*\[([^\]]*)\]/).replace(`label`,Yi).getRegex()},oa={...ia,emStrongRDelimAst:Li,emStrongLDelim:Ni,delLDelim:Vi,delRDelim:Hi,url:J(/^emailProtocol|^((?:protocol):\/\/|www\.)(?:[a-zA-Z0-9\-]+\.?)+[^\s<]*|^email/).replace(`emailProtocol`,ra).replace(`protocol`,na).replace(`email`,/[A-Za-z0-9._+-]+(@)[a-zA-Z0-9-_]+(?:\.[a-zA-Z0-9-_]*[a-zA-Z0-9])+(?![\w-])/).getRegex(),_backpedal:/(?:[^?!.,:;*_'"~()&]+|\([^)]*\)|&(?![a-zA-Z0-9]+;$)|[?!.,:;*_'"~)]+(?!$))+/,del:/^(~~?)(?=[^\s~])((?:\\[\s\S]|[^\\])*?(?:\\[\s\S]|[^\s~\\]))\1(?=[^~]|$)/,text:J(/^(?:[^a-zA-Z0-9](?=emailProtocol)|(`+|~+|[^`~])(?:(?=[`~])|(?= {2,}\n)|(?=[a-zA-Z0-9.!#$%&'*+\/=?_`{\|}~-]+@)|[\s\S]*?(?:(?=[\\<!\[`*~_]|\b_|protocol:\/\/|wwwStart|$)|[^ ](?= {2,}\n)|[^a-zA-Z0-9](?=emailProtocol)|[^a-zA-Z0-9.!#$%&'*+\/=?_`{\|}~-](?=[a-zA-Z0-9.!#$%&'*+\/=?_`{\|}~-]+@))))/).replace(`protocol`,na).replace(/emailProtocol/g,/(?:mailto|xmpp):/).replace(`wwwStart`,Kr?`(?<![^\\s*_~(])www\\.`:`www\\.`).getRegex()},sa={...oa,br:J(bi).replace(`{2,}`,`*`).getRegex(),text:J(oa.text).replace(`\\b_`,`\\b_| {2,}\\n`).replace(/\{2,\}/g,`*`).getRegex()},ca={normal:mi,gfm:gi,pedantic:_i},la={normal:ia,gfm:oa,breaks:sa,pedantic:aa},ua={"&":`&amp;`,"<":`&lt;`,">":`&gt;`,'"':`&quot;`,"'":`&#39;`},da=e=>ua[e];function X(e,t){if(t){if(Y.escapeTest.test(e))return e.replace(Y.escapeReplace,da)}else if(Y.escapeTestNoEncode.test(e))return e.replace(Y.escapeReplaceNoEncode,da);return e}function fa(e){return Y.numericCharacterReference.test(e)?e.replace(Y.numericCharacterReferenceOrAmpersand,(e,t,n)=>{if(t===void 0&&n===void 0)return`&amp;`;let r=t===void 0?Number.parseInt(n,16):Number.parseInt(t,10);return r===0||r>1114111||r>=55296&&r<=57343?`�`:r===38?`&amp;`:String.fromCodePoint(r)}):e}function pa(e){try{e=encodeURI(e).replace(Y.percentDecode,`%`)}catch{return null}return e}function ma(e,t){let n=e.replace(Y.findPipe,(e,t,n)=>{let r=!1,i=t;for(;--i>=0&&n[i]===`\\`;)r=!r;return r?`|`:` |`}).split(Y.splitPipe),r=0;if(n[0].trim()||n.shift(),n.length>0&&!n.at(-1)?.trim()&&n.pop(),t){if(n.length>t)n.splice(t);else for(;n.length<t;)n.push(``)}for(;r<n.length;r++)n[r]=n[r].trim().replace(Y.slashPipe,`|`);return n}function ha(e,t,n){let r=e.length;if(r===0)return``;let i=0;for(;i<r;){let a=e.charAt(r-i-1);if(a===t&&!n)i++;else if(a!==t&&n)i++;else break}return e.slice(0,r-i)}function ga(e){let t=e.split(`
`),n=t.length-1;for(;n>=0&&Y.blankLine.test(t[n]);)n--;return t.length-n<=2?e:t.slice(0,n+1).join(`
`)}function _a(e){return e.trim().replace(Y.multipleSpaceGlobal,` `).toLowerCase().toUpperCase().toLowerCase()}function va(e,t){if(e.indexOf(t[0])===-1&&e.indexOf(t[1])===-1)return-1;let n=0;for(let r=0;r<e.length;r++)if(e[r]===`\\`)r++;else if(e[r]===t[0])n++;else if(e[r]===t[1]&&(n--,n<0))return r;return n>0?-2:-1}var ya=new WeakMap;function ba(e){let t={"*":-1,_:-1},n=-1,r=e.length;for(let i=0;i<r;i++){let a=e[i];if(a!==`*`&&a!==`_`&&a!==`~`)continue;let o=i===0?`
`:e[i-1],s=i+1;for(;s<r&&e[s]===a;)s++;o!==` `&&o!==`	`&&o!==`
`&&o!==`\r`&&o!==`\f`&&(a===`~`?n=i:t[a]=i),i=s-1}return{maskedSrc:e,lastPossibleEmStrongCloserIndex:t,lastPossibleDelCloserIndex:n}}function xa(e,t){let n=ba(t),r=ya.get(e);r?r.push(n):ya.set(e,[n])}function Sa(e){let t=ya.get(e);t&&(t.pop(),t.length===0&&ya.delete(e))}function Ca(e,t,n){let r=ya.get(e)?.at(-1);return r&&r.maskedSrc===t?r.lastPossibleEmStrongCloserIndex[n]:ba(t).lastPossibleEmStrongCloserIndex[n]}function wa(e,t){let n=ya.get(e)?.at(-1);return n&&n.maskedSrc===t?n.lastPossibleDelCloserIndex:ba(t).lastPossibleDelCloserIndex}function Ta(e,t=0){let n=t,r=``;for(let t of e)if(t===`	`){let e=4-n%4;r+=` `.repeat(e),n+=e}else r+=t,n++;return r}function Ea(e,t){let n=``;for(let r=0;r<e.length;r++){if(e[r]==="`"){let i=t.inline.code.exec(e.slice(r));if(i){n+=i[0],r+=i[0].length-1;continue}}e[r]===`\\`&&(e[r+1]===`[`||e[r+1]===`]`)?(n+=e[r+1],r++):n+=e[r]}return n}function Da(e,t,n,r,i){let a=t.href,o=t.title||null,s=Ea(e[1],i),c=e[0].charAt(0)===`!`,l=r.state.inLink,u=r.state.linkEmitted,d=r.state.inRawBlock;r.state.inLink=!0,r.state.linkEmitted=!1;let f=r.inlineTokens(s),p=r.state.linkEmitted;if(r.state.linkEmitted=u,r.state.inLink=l,!c){if(p){r.state.inRawBlock=d;return}r.state.linkEmitted=!0}return{type:c?`image`:`link`,raw:n,href:a,title:o,text:s,tokens:f}}function Oa(e,t,n){let r=e.match(n.other.indentCodeCompensation);if(r===null)return t;let i=r[1];return t.split(`
`).map(e=>{let t=e.match(n.other.beginningSpace);if(t===null)return e;let[r]=t;return e.slice(Math.min(r.length,i.length))}).join(`
`)}function ka(e,t,n,r){if(!t.includes(`<`))return!1;for(let i=0;i<t.length;i++){if(t[i]===`\\`){i++;continue}if(t[i]==="`"){let e=r.inline.code.exec(t.slice(i));if(e){i+=e[0].length-1;continue}}if(t[i]!==`<`)continue;let a=e.slice(n+i),o=r.inline.tag.exec(a)||r.inline.autolink.exec(a);if(o){if(o[0].length>t.length-i)return!0;i+=o[0].length-1}}return!1}var Aa=class{options;rules;lexer;constructor(e){this.options=e||Hr}space(e){let t=this.rules.block.newline.exec(e);if(t&&t[0].length>0)return{type:`space`,raw:t[0]}}code(e){let t=this.rules.block.code.exec(e);if(t){let e=this.options.pedantic?t[0]:ga(t[0]);return{type:`code`,raw:e,codeBlockStyle:`indented`,text:e.replace(this.rules.other.codeRemoveIndent,``)}}}fences(e){let t=this.rules.block.fences.exec(e);if(t){let e=t[0],n=Oa(e,t[3]||``,this.rules);return t[3]!==void 0&&(n===``||n.endsWith(`
`))&&(n+=`
`),{type:`code`,raw:e,lang:t[2]?t[2].trim().replace(this.rules.inline.anyPunctuation,`$1`):t[2],text:n}}}heading(e){let t=this.rules.block.heading.exec(e);if(t){let e=t[2].trim();if(this.rules.other.endingHash.test(e)){let t=ha(e,`#`);(this.options.pedantic||!t||this.rules.other.endingSpaceTabChar.test(t))&&(e=t.trim())}return{type:`heading`,raw:ha(t[0],`
`),depth:t[1].length,text:e,tokens:this.lexer.inline(e)}}}hr(e){let t=this.rules.block.hr.exec(e);if(t)return{type:`hr`,raw:ha(t[0],`
`)}}blockquote(e){let t=this.rules.block.blockquote.exec(e);if(t){let e=ha(t[0],`
`).split(`
`),n=``,r=``,i=[];for(;e.length>0;){let t=!1,a=[],o=0;for(;o<e.length;o++)if(this.rules.other.blockquoteStart.test(e[o]))a.push(e[o]),t=!0;else if(!t)a.push(e[o]);else break;e=e.slice(o);let s=a.join(`
`),c=s.replace(this.rules.other.blockquoteMarkerWhitespace,(e,t,n)=>n.startsWith(` `)?t+` `+n.slice(1):t+Ta(n,t.length)).replace(this.rules.other.blockquoteSetextReplace,`
    $1`).replace(this.rules.other.blockquoteSetextReplace2,``);n=n?`${n}
${s}`:s,r=r?`${r}
${c}`:c;let l=this.lexer.state.top;if(this.lexer.state.top=!0,this.lexer.blockTokens(c,i,!0),this.lexer.state.top=l,e.length===0)break;let u=i.at(-1);if(u?.type===`code`||u?.type===`heading`||u?.type===`hr`||u?.type===`html`||u?.type===`table`)break;if(u?.type===`blockquote`){let t=u,a=e.join(`
`),o=t.raw+`
`+a.replace(this.rules.other.blockquoteSetextReplace2,``),s=this.blockquote(o);i[i.length-1]=s;let c=o.substring(s.raw.length).replace(/^\n/,``),l=c?c.split(`
`).length:0,d=l?e.slice(0,-l):e;if(d.length>0&&(n=`${n}
${d.join(`
`)}`),r=r.substring(0,r.length-t.text.length)+s.text,e=e.slice(d.length),e.length>0&&this.rules.other.blockquoteStart.test(e[0]))continue;break}if(u?.type===`list`){let t=u,a=t.raw+`
`+e.join(`
`),o=this.list(a);i[i.length-1]=o;let s=o.raw.length>t.raw.length?a.slice(t.raw.length+1,o.raw.length).split(`
`).length:0;if(s>0){let t=e.slice(0,s).join(`
`);n=`${n}
${t}`,r=`${r}
${t}`}if(e=e.slice(s),e.length>0&&!this.rules.other.blockquoteStart.test(e[0]))break}}return{type:`blockquote`,raw:n,tokens:i,text:r}}}list(e){let t=this.rules.block.list.exec(e);if(t){if(!this.options.pedantic&&this.lexer.state.lastToken?.type===`text`&&!this.rules.other.listInterruptsParagraph.test(e))return;let n=e,r=()=>n.length-e.length,i=t[1].trim(),a=i.length>1,o={type:`list`,raw:``,ordered:a,start:a?+i.slice(0,-1):``,loose:!1,items:[]};i=a?`\\d{1,9}\\${i.slice(-1)}`:`\\${i}`,this.options.pedantic&&(i=a?i:`[*+-]`);let s=this.rules.other.listItemRegex(i),c=!1;for(;e;){let i=!1,a=``;if(!(t=s.exec(e))||this.rules.block.hr.test(e))break;let l=r();e=e.substring(t[0].length);let u=t[2].split(`
`,1)[0],d=t[1].length,f=this.options.pedantic?Ta(u,d):u.replace(this.rules.other.leadingSpaceTab,e=>Ta(e,d)),p=e.split(`
`,1)[0],m=!f.trim(),h=0;if(this.options.pedantic?(h=2,a=f.trimStart()):m?h=d+1:(h=f.search(this.rules.other.nonSpaceChar),h=h>4?1:h,a=f.slice(h),h+=d),m&&this.rules.other.blankLine.test(p)&&(e=e.substring(p.length+1),i=!0),!i){let t=this.rules.other.nextBulletRegex(h),n=this.rules.other.hrRegex(h),r=this.rules.other.fencesBeginRegex(h),i=this.options.pedantic?this.rules.other.pedanticHeadingBeginRegex(h):this.rules.other.headingBeginRegex(h),o=this.rules.other.htmlBeginRegex(h),s=this.rules.other.blockquoteBeginRegex(h),c=!1;for(;e;){let l=e.split(`
`,1)[0],u;if(p=l,this.options.pedantic?(p=p.replace(this.rules.other.listReplaceNesting,`  `),u=p):u=p.replace(this.rules.other.leadingSpaceTab,e=>Ta(e)),r.test(p)||i.test(p)||o.test(p)||s.test(p)||t.test(p)||n.test(p))break;if(u.search(this.rules.other.nonSpaceChar)>=h||!p.trim())a+=`
`+u.slice(h),c=!1;else{if(m)break;let e=f;if(!this.options.pedantic&&!a.includes(`
`)&&!f.includes(`	`)){let t;for(;!n.test(e)&&(t=this.rules.other.nestedBlockMarker.exec(e));)e=e.slice(t[0].length);if(!e.trim())break}if(e.replace(this.rules.other.tabCharGlobal,`    `).search(this.rules.other.nonSpaceChar)>=4||r.test(e)||i.test(e)||o.test(e)||n.test(e))break;if(!this.options.pedantic&&!c){let e=f.replace(this.rules.other.nestedContainerMarkers,``);if(this.rules.block.fences.test(e)||this.rules.block.heading.test(e)||this.rules.block.hr.test(e))break}let t=!this.options.pedantic&&/^ {0,3}(?:=+|-+) *$/.test(p)&&this.rules.block.lheading.test(`${f}
${p}`)?`    ${u.replace(/^ {0,3}/,``)}`:p;a+=`
`+t,c=!0}m=!p.trim(),e=e.substring(l.length+1),f=u.slice(h)}}let ee=n.slice(l,r());o.loose||(c?o.loose=!0:this.rules.other.doubleBlankLine.test(ee)&&(c=!0)),o.items.push({type:`list_item`,raw:ee,task:!!this.options.gfm&&this.rules.other.listIsTask.test(a),loose:!1,text:a,tokens:[]})}let l=o.items.at(-1);if(l)l.raw=l.raw.trimEnd(),l.text=l.text.trimEnd();else return;o.raw=n.slice(0,r()).trimEnd();let u=[];for(let e of o.items)if(this.lexer.state.top=!1,u.push(this.lexer.inlineQueue.length),e.tokens=this.lexer.blockTokens(e.text,[]),!o.loose){let t=e.tokens.filter(e=>e.type===`space`);o.loose=t.length>0&&t.some(e=>this.rules.other.anyLine.test(e.raw))}for(let e=0;e<o.items.length;e++){let t=o.items[e],n=t.tokens[0];if(t.task&&(n?.type===`text`||n?.type===`paragraph`)){t.text=t.text.replace(this.rules.other.listReplaceTask,``),n.raw=n.raw.replace(this.rules.other.listReplaceTask,``),n.text=n.text.replace(this.rules.other.listReplaceTask,``);let r=this.lexer.inlineQueue;for(let t=u[e];t<r.length;t++)if(r[t].tokens===n.tokens){r[t].src=r[t].src.replace(this.rules.other.listReplaceTask,``);break}let i=this.rules.other.listTaskCheckbox.exec(t.raw);if(i){let e={type:`checkbox`,raw:i[0]+` `,checked:i[0]!==`[ ]`};t.checked=e.checked,o.loose?t.tokens[0]&&[`paragraph`,`text`].includes(t.tokens[0].type)&&`tokens`in t.tokens[0]&&t.tokens[0].tokens?(t.tokens[0].raw=e.raw+t.tokens[0].raw,t.tokens[0].text=e.raw+t.tokens[0].text,t.tokens[0].tokens.unshift(e)):t.tokens.unshift({type:`paragraph`,raw:e.raw,text:e.raw,tokens:[e]}):t.tokens.unshift(e)}}else t.task&&=!1}if(o.loose)for(let e of o.items){e.loose=!0;for(let t of e.tokens)t.type===`text`&&(t.type=`paragraph`)}return o}}html(e){let t=this.rules.block.html.exec(e);if(t){if(this.lexer.state.lastToken?.type===`paragraph`&&!this.rules.other.htmlBeginRegex(4).test(e))return;let n=ga(t[0]);return{type:`html`,block:!0,raw:n,pre:t[1]===`pre`||t[1]===`script`||t[1]===`style`,text:n}}}def(e){let t=this.rules.block.def.exec(e);if(t){if(!this.rules.other.startAngleBracket.test(t[2])&&va(t[2],`()`)!==-1)return;let e=_a(t[1]),n=t[2]?t[2].replace(this.rules.other.hrefBrackets,`$1`).replace(this.rules.inline.anyPunctuation,`$1`):``,r=t[3]?t[3].substring(1,t[3].length-1).replace(this.rules.inline.anyPunctuation,`$1`):t[3];return{type:`def`,tag:e,raw:ha(t[0],`
`),href:n,title:r}}}table(e){let t=this.rules.block.table.exec(e);if(!t||!this.rules.other.tableDelimiter.test(t[2]))return;let n=ma(t[1]),r=t[2].replace(this.rules.other.tableAlignChars,``).split(`|`),i=t[3]?.trim()?t[3].replace(this.rules.other.tableRowBlankLine,``).split(`
`):[],a={type:`table`,raw:ha(t[0],`
`),header:[],align:[],rows:[]};if(n.length===r.length){for(let e of r)this.rules.other.tableAlignRight.test(e)?a.align.push(`right`):this.rules.other.tableAlignCenter.test(e)?a.align.push(`center`):this.rules.other.tableAlignLeft.test(e)?a.align.push(`left`):a.align.push(null);for(let e=0;e<n.length;e++)a.header.push({text:n[e],tokens:this.lexer.inline(n[e]),header:!0,align:a.align[e]});for(let e of i)a.rows.push(ma(e,a.header.length).map((e,t)=>({text:e,tokens:this.lexer.inline(e),header:!1,align:a.align[t]})));return a}}lheading(e){let t=this.rules.block.lheading.exec(e);if(t){let e=t[1].trim();return{type:`heading`,raw:ha(t[0],`
`),depth:t[2].charAt(0)===`=`?1:2,text:e,tokens:this.lexer.inline(e)}}}paragraph(e){let t=this.rules.block.paragraph.exec(e);if(t){let e=t[1].charAt(t[1].length-1)===`
`?t[1].slice(0,-1):t[1];return{type:`paragraph`,raw:t[0],text:e,tokens:this.lexer.inline(e)}}}text(e){let t=this.rules.block.text.exec(e);if(t)return{type:`text`,raw:t[0],text:t[0],tokens:this.lexer.inline(t[0])}}escape(e){if(e.charCodeAt(0)!==92)return;let t=this.rules.inline.escape.exec(e);if(t)return{type:`escape`,raw:t[0],text:t[1]}}tag(e){if(e.charCodeAt(0)!==60)return;let t=this.rules.inline.tag.exec(e);if(t)return!this.lexer.state.inLink&&this.rules.other.startATag.test(t[0])?this.lexer.state.inLink=!0:this.lexer.state.inLink&&this.rules.other.endATag.test(t[0])&&(this.lexer.state.inLink=!1),!this.lexer.state.inRawBlock&&this.rules.other.startPreScriptTag.test(t[0])?this.lexer.state.inRawBlock=!0:this.lexer.state.inRawBlock&&this.rules.other.endPreScriptTag.test(t[0])&&(this.lexer.state.inRawBlock=!1),{type:`html`,raw:t[0],inLink:this.lexer.state.inLink,inRawBlock:this.lexer.state.inRawBlock,block:!1,text:t[0]}}link(e){if(this.lexer.state.linkParenPossible===!1)return;let t=e.charCodeAt(0);if(t!==91&&t!==33)return;let n=this.rules.inline.link.exec(e);if(n){let t=n[0].charAt(0)===`!`?2:1;if(!this.options.pedantic&&ka(e,n[1],t,this.rules))return;let r=n[2].trim();if(!this.options.pedantic&&this.rules.other.startAngleBracket.test(r)){if(!this.rules.other.endAngleBracket.test(r))return;let e=ha(r.slice(0,-1),`\\`);if((r.length-e.length)%2==0)return}else{let e=va(n[2],`()`);if(e===-2)return;if(e>-1){let t=(n[0].indexOf(`!`)===0?5:4)+n[1].length+e;n[2]=n[2].substring(0,e),n[0]=n[0].substring(0,t).trim(),n[3]=``}}let i=ha(n[0].slice(0,-1),`\\`);if((n[0].length-i.length)%2==0)return;let a=n[2],o=``;if(this.options.pedantic){let e=this.rules.other.pedanticHrefTitle.exec(a);e&&(a=e[1],o=e[3])}else o=n[3]?n[3].slice(1,-1):``;return a=a.trim(),this.rules.other.startAngleBracket.test(a)&&(a=this.options.pedantic&&!this.rules.other.endAngleBracket.test(r)?a.slice(1):a.slice(1,-1)),Da(n,{href:a&&a.replace(this.rules.inline.anyPunctuation,`$1`),title:o&&o.replace(this.rules.inline.anyPunctuation,`$1`)},n[0],this.lexer,this.rules)}}reflink(e,t){let n=e.charCodeAt(0);if(n!==91&&n!==33)return;let r;if((r=this.rules.inline.reflink.exec(e))||(r=this.rules.inline.nolink.exec(e))){let n=r[0].charAt(0)===`!`?2:1;if(!this.options.pedantic&&ka(e,r[1],n,this.rules))return;let i=t[_a(r[2]||r[1])];if(!i){let e=r[0].charAt(0);return{type:`text`,raw:e,text:e}}return Da(r,i,r[0],this.lexer,this.rules)}}emStrong(e,t,n=``){let r=this.rules.inline.emStrongLDelim.exec(e);if(!r||!r[1]&&!r[2]&&!r[3]&&!r[4])return;let i=r[0][0],a=n===i,o=t.length-e.length,s=o;for(;!this.options.pedantic&&s>0&&t[s-1]===i;)s--;let c=[...t.slice(Math.max(0,s-2),s)].at(-1)??``,l=c===`*`||c===`_`||!!this.rules.inline.punctuation.exec(c);s<o&&(n=c);let u=s<o?l:n===`*`||n===`_`||!!this.rules.inline.punctuation.exec(n);if(r[4]&&n.match(this.rules.other.unicodeAlphaNumeric))return;let d=r[1]||r[3]||``;if(!d||!n||u){let n=[...r[0]].length-1,u,f,p=n,m=0,h=o-s+n,ee=!this.options.pedantic&&!!c.trim()&&(!!d||i===`*`&&!l);if(i!==`*`&&i!==`_`)return;let te=i===`*`?this.rules.inline.emStrongRDelimAst:this.rules.inline.emStrongRDelimUnd,ne=Ca(this,t,i),re=t.length-e.length+n;if(ne<re)return;t=t.slice(-1*e.length+n);let ie=ne-re;for(te.lastIndex=0;(r=te.exec(t))!==null&&!(r.index>ie);){if(u=r[1]||r[2]||r[3]||r[4]||r[5]||r[6],!u)continue;if(f=[...u].length,r[3]||r[4]){p+=f;continue}if((r[5]||r[6]||ee)&&h%3&&!((h+f)%3)){if(a&&(r[5]||r[6]))break;m+=f;continue}if(p-=f,p>0)continue;f=Math.min(f,f+p+m);let t=[...r[0]][0].length,i=e.slice(0,n+r.index+t+f);if(Math.min(n,f)%2){let e=i.slice(1,-1);return{type:`em`,raw:i,text:e,tokens:this.lexer.inlineTokens(e)}}let o=i.slice(2,-2);return{type:`strong`,raw:i,text:o,tokens:this.lexer.inlineTokens(o)}}}}codespan(e){if(e.charCodeAt(0)!==96)return;let t=this.rules.inline.code.exec(e);if(t){let e=t[2].replace(this.rules.other.newLineCharGlobal,` `),n=this.rules.other.nonSpaceChar.test(e),r=this.rules.other.startingSpaceChar.test(e)&&this.rules.other.endingSpaceChar.test(e);return n&&r&&(e=e.substring(1,e.length-1)),{type:`codespan`,raw:t[0],text:e}}}br(e){let t=e.charCodeAt(0);if(t!==32&&t!==92&&t!==10)return;let n=this.rules.inline.br.exec(e);if(n)return{type:`br`,raw:n[0]}}del(e,t,n=``){if(e.charCodeAt(0)!==126)return;let r=this.rules.inline.delLDelim.exec(e);if(r&&(!r[1]||!n||this.rules.inline.punctuation.exec(n))){let n=[...r[0]].length-1,i,a,o=n,s=this.rules.inline.delRDelim,c=wa(this,t),l=t.length-e.length+n;if(c<l)return;t=t.slice(-1*e.length+n);let u=c-l;for(s.lastIndex=0;(r=s.exec(t))!==null&&!(r.index>u);){if(i=r[1]||r[2]||r[3]||r[4]||r[5]||r[6],!i||(a=[...i].length,a!==n))continue;if(r[3]||r[4]){o+=a;continue}if(o-=a,o>0)continue;a=Math.min(a,a+o);let t=[...r[0]][0].length,s=e.slice(0,n+r.index+t+a),c=s.slice(n,-n);return{type:`del`,raw:s,text:c,tokens:this.lexer.inlineTokens(c)}}}}autolink(e){if(e.charCodeAt(0)!==60)return;let t=this.rules.inline.autolink.exec(e);if(t){let e,n;return t[2]===`@`?(e=t[1],n=`mailto:`+e):(e=t[1],n=e),{type:`link`,raw:t[0],text:e,href:n,autolink:!0,tokens:[{type:`text`,raw:e,text:e}]}}}url(e){let t;if(t=this.rules.inline.url.exec(e)){let e,n;if(t[2]===`@`)e=t[0],n=`mailto:`+e;else{let r;do r=t[0],t[0]=this.rules.inline._backpedal.exec(t[0])?.[0]??``;while(r!==t[0]);e=t[0],n=t[1]===`www.`?`http://`+t[0]:t[0]}return{type:`link`,raw:t[0],text:e,href:n,autolink:!0,tokens:[{type:`text`,raw:e,text:e}]}}}inlineText(e){let t=this.rules.inline.text.exec(e);if(t){let e=this.lexer.state.inRawBlock;return{type:`text`,raw:t[0],text:e?t[0]:fa(t[0]),escaped:e}}}},ja=class e{tokens;options;state;inlineQueue;tokenizer;constructor(e){this.tokens=[],this.tokens.links=Object.create(null),this.options=e||Hr,this.options.tokenizer=this.options.tokenizer||new Aa,this.tokenizer=this.options.tokenizer,this.tokenizer.options=this.options,this.tokenizer.lexer=this,this.inlineQueue=[],this.state={inLink:!1,inRawBlock:!1,linkEmitted:!1,linkParenPossible:!0,top:!0};let t={other:Y,block:ca.normal,inline:la.normal};this.options.pedantic?(t.block=ca.pedantic,t.inline=la.pedantic):this.options.gfm&&(t.block=ca.gfm,t.inline=this.options.breaks?la.breaks:la.gfm),this.tokenizer.rules=t}static get rules(){return{block:ca,inline:la}}static lex(t,n){return new e(n).lex(t)}static lexInline(t,n){return new e(n).inlineTokens(t)}lex(e){e=e.replace(Y.carriageReturn,`
`),this.blockTokens(e,this.tokens);for(let e=0;e<this.inlineQueue.length;e++){let t=this.inlineQueue[e];this.state.inRawBlock=!1,this.inlineTokens(t.src,t.tokens)}return this.inlineQueue=[],this.tokens}blockTokens(e,t=[],n=!1){this.tokenizer.lexer=this;let r=this.state.lastToken;this.options.pedantic&&(e=e.replace(Y.tabCharGlobal,`    `).replace(Y.spaceLine,``));let i=1/0,a,o=this.options.gfm&&!this.options.pedantic&&this.tokenizer.paragraph===Aa.prototype.paragraph;for(;e;){if(e.length<i)i=e.length;else{this.infiniteLoopError(e.charCodeAt(0));break}this.state.lastToken=t.at(-1);let r;if(this.options.extensions?.block?.some(n=>(r=n.call({lexer:this},e,t))?(e=e.substring(r.raw.length),t.push(r),!0):!1))continue;if(r=this.tokenizer.space(e)){e=e.substring(r.raw.length);let n=t.at(-1);r.raw.length===1&&n!==void 0?n.raw+=`
`:t.push(r);continue}if(r=this.tokenizer.code(e)){e=e.substring(r.raw.length);let n=t.at(-1);n?.type===`paragraph`||n?.type===`text`?(n.raw+=(n.raw.endsWith(`
`)?``:`
`)+r.raw,n.text+=`
`+r.text,this.inlineQueue.at(-1).src=n.text):t.push(r);continue}if((r=this.tokenizer.fences(e))||(r=this.tokenizer.heading(e))||(r=this.tokenizer.hr(e))||(r=this.tokenizer.blockquote(e))||(r=this.tokenizer.list(e))||(r=this.tokenizer.html(e))){e=e.substring(r.raw.length),t.push(r);continue}if(r=this.tokenizer.def(e)){e=e.substring(r.raw.length);let n=t.at(-1);n?.type===`paragraph`||n?.type===`text`?(n.raw+=(n.raw.endsWith(`
`)?``:`
`)+r.raw,n.text+=`
`+r.raw,this.inlineQueue.at(-1).src=n.text):(this.tokens.links[r.tag]||(this.tokens.links[r.tag]={href:r.href,title:r.title}),t.push(r));continue}if((r=this.tokenizer.table(e))||(r=this.tokenizer.lheading(e))){e=e.substring(r.raw.length),t.push(r);continue}let s=e;if(this.options.extensions?.startBlock){let t=1/0,n=e.slice(1),r;this.options.extensions.startBlock.forEach(e=>{r=e.call({lexer:this},n),typeof r==`number`&&r>=0&&(t=Math.min(t,r))}),t<1/0&&t>=0&&(s=e.substring(0,t+1))}if(this.state.top&&(r=this.tokenizer.paragraph(s))){let i=t.at(-1);(n||i===a&&o)&&i?.type===`paragraph`?(i.raw+=(i.raw.endsWith(`
`)?``:`
`)+r.raw,i.text+=`
`+r.text,this.inlineQueue.pop(),this.inlineQueue.at(-1).src=i.text,a=i):(t.push(r),a=r),n=s.length!==e.length,e=e.substring(r.raw.length)}else if(r=this.tokenizer.text(e)){e=e.substring(r.raw.length);let n=t.at(-1);n?.type===`text`?(n.raw+=(n.raw.endsWith(`
`)?``:`
`)+r.raw,n.text+=`
`+r.text,this.inlineQueue.pop(),this.inlineQueue.at(-1).src=n.text):t.push(r)}else if(e){this.infiniteLoopError(e.charCodeAt(0));break}}return this.state.top=!0,this.state.lastToken=r,t}inline(e,t=[]){return this.inlineQueue.push({src:e,tokens:t}),t}linkInText(e){if(!e.includes(`[`))return!1;let t=this.tokenizer.rules.inline.link;for(let n of e.matchAll(this.tokenizer.rules.inline.blockSkip))if(t.test(n[0])&&e.charAt(n.index-1)!==`!`)return!0;for(let t of e.matchAll(this.tokenizer.rules.inline.reflinkSearch)){let e=t[0],n=e.lastIndexOf(`[`);if(e.charAt(0)!==`!`&&Object.hasOwn(this.tokens.links,_a(e.slice(n+1,-1)))&&!(n>1&&this.linkInText(e.slice(1,n-1))))return!0}return!1}inlineTokens(e,t=[]){this.tokenizer.lexer=this;let n=this.state.linkParenPossible;this.state.linkParenPossible=e.includes(`)`);try{return this.#e(e,t)}finally{this.state.linkParenPossible=n}}#e(e,t){let n=e.includes(`*`)||e.includes(`_`)||e.includes(`~`),r=n||this.options.hooks?.emStrongMask||this.tokenizer.emStrong!==Aa.prototype.emStrong||this.tokenizer.del!==Aa.prototype.del?this.#r(e):e;if(!n)return this.#t(e,r,t);xa(this.tokenizer,r);try{return this.#t(e,r,t)}finally{Sa(this.tokenizer)}}#t(e,t,n){let r=!1,i=``,a=1/0;for(;e;){if(e.length<a)a=e.length;else{this.infiniteLoopError(e.charCodeAt(0));break}r||(i=``),r=!1;let o;if(this.options.extensions?.inline?.some(t=>(o=t.call({lexer:this},e,n))?(e=e.substring(o.raw.length),n.push(o),!0):!1))continue;if((o=this.tokenizer.escape(e))||(o=this.tokenizer.tag(e))||(o=this.tokenizer.link(e))){e=e.substring(o.raw.length),n.push(o);continue}if(o=this.tokenizer.reflink(e,this.tokens.links)){e=e.substring(o.raw.length);let t=n.at(-1);o.type===`text`&&t?.type===`text`?(t.raw+=o.raw,t.text+=o.text):n.push(o);continue}let s=e[0];if(s===`*`||s===`_`){let a=t.length-e.length;if(Ca(this.tokenizer,t,s)<=a){let t=1;for(;t<e.length&&e.charCodeAt(t)===s.charCodeAt(0);)t++;let a=e.substring(0,t),o=n.at(-1);o?.type===`text`&&!o.escaped?(o.raw+=a,o.text+=a):n.push({type:`text`,raw:a,text:a,escaped:!1}),e=e.substring(t),i=s,r=!0;continue}}else if(s===`~`){let a=t.length-e.length;if(wa(this.tokenizer,t)<=a){let t=1;for(;t<e.length&&e.charCodeAt(t)===126;)t++;let a=e.substring(0,t),o=n.at(-1);o?.type===`text`&&!o.escaped?(o.raw+=a,o.text+=a):n.push({type:`text`,raw:a,text:a,escaped:!1}),e=e.substring(t),i=s,r=!0;continue}}if((o=this.tokenizer.emStrong(e,t,i))||(o=this.tokenizer.codespan(e))||(o=this.tokenizer.br(e))||(o=this.tokenizer.del(e,t,i))||(o=this.tokenizer.autolink(e))||!this.state.inLink&&(o=this.tokenizer.url(e))){e=e.substring(o.raw.length),n.push(o);continue}let c=e;if(this.options.extensions?.startInline){let t=1/0,n=e.slice(1),r;this.options.extensions.startInline.forEach(e=>{r=e.call({lexer:this},n),typeof r==`number`&&r>=0&&(t=Math.min(t,r))}),t<1/0&&t>=0&&(c=e.substring(0,t+1))}if(o=this.tokenizer.inlineText(c)){e=e.substring(o.raw.length),o.raw.slice(-1)!==`_`&&(i=o.raw.slice(-1)),r=!0;let t=n.at(-1);t?.type===`text`?(t.raw+=o.raw,t.text+=o.text):n.push(o)}else if(e){this.infiniteLoopError(e.charCodeAt(0));break}}return n}#n(e){let{blockSkip:t,tag:n,autolink:r}=this.tokenizer.rules.inline,i=``,a=0,o;for(t.lastIndex=0;o=t.exec(e);){let s=o.index+(o[2]?o[2].length:0),c=o.index+o[0].length;if(e.charAt(s)===`<`){let i=e.slice(s),a=n.exec(i)||r.exec(i);if(!a){t.lastIndex=s+1;continue}c=s+a[0].length,t.lastIndex=c}i+=e.slice(a,s)+`[`+`a`.repeat(c-s-2)+`]`,a=c}return i+e.slice(a)}#r(e){let t=e;if(this.tokens.links&&e.includes(`[`)){let e=this.tokenizer.rules.inline.reflinkSearch,n=t=>{let r=t.lastIndexOf(`[`);if(!Object.hasOwn(this.tokens.links,_a(t.slice(r+1,-1))))return t;if(r>1&&t.charAt(0)!==`!`){let i=t.slice(1,r-1);if(this.linkInText(i))return`[`+i.replace(e,n)+`][`+`a`.repeat(t.length-r-2)+`]`}return`[`+`a`.repeat(t.length-2)+`]`};t=t.replace(e,n)}return t=t.replace(this.tokenizer.rules.inline.anyPunctuationOutsideCode,(e,t,n)=>n?`+`.repeat(e.length):t?t+e.slice(t.length,-t.length).replace(/`/g,`+`)+t:e),t=this.#n(t),t=this.options.hooks?.emStrongMask?.call({lexer:this},t)??t,t}infiniteLoopError(e){let t=`Infinite loop on byte: `+e;if(this.options.silent)console.error(t);else throw Error(t)}},Ma=class{options;parser;constructor(e){this.options=e||Hr}space(e){return``}code({text:e,lang:t,escaped:n}){let r=(t||``).match(Y.notSpaceStart)?.[0],i=e?e.replace(Y.endingNewline,``)+`
`:``;return r?`<pre><code class="language-`+X(r)+`">`+(n?i:X(i,!0))+`</code></pre>
`:`<pre><code>`+(n?i:X(i,!0))+`</code></pre>
`}blockquote({tokens:e}){return`<blockquote>
${this.parser.parse(e)}</blockquote>
`}html({text:e}){return e}def(e){return``}heading({tokens:e,depth:t}){return`<h${t}>${this.parser.parseInline(e)}</h${t}>
`}hr(e){return`<hr>
`}list(e){let t=e.ordered,n=e.start,r=``;for(let t=0;t<e.items.length;t++){let n=e.items[t];r+=this.listitem(n)}let i=t?`ol`:`ul`,a=t&&n!==1?` start="`+n+`"`:``;return`<`+i+a+`>
`+r+`</`+i+`>
`}listitem(e){return`<li>${this.parser.parse(e.tokens)}</li>
`}checkbox({checked:e}){return`<input `+(e?`checked="" `:``)+`disabled="" type="checkbox"> `}paragraph({tokens:e}){return`<p>${this.parser.parseInline(e)}</p>
`}table(e){let t=``,n=``;for(let t=0;t<e.header.length;t++)n+=this.tablecell(e.header[t]);t+=this.tablerow({text:n});let r=``;for(let t=0;t<e.rows.length;t++){let i=e.rows[t];n=``;for(let e=0;e<i.length;e++)n+=this.tablecell(i[e]);r+=this.tablerow({text:n})}return r&&=`<tbody>${r}</tbody>`,`<table>
<thead>
`+t+`</thead>
`+r+`</table>
`}tablerow({text:e}){return`<tr>
${e}</tr>
`}tablecell(e){let t=this.parser.parseInline(e.tokens),n=e.header?`th`:`td`;return(e.align?`<${n} align="${e.align}">`:`<${n}>`)+t+`</${n}>
`}strong({tokens:e}){return`<strong>${this.parser.parseInline(e)}</strong>`}em({tokens:e}){return`<em>${this.parser.parseInline(e)}</em>`}codespan({text:e}){return`<code>${X(e,!0)}</code>`}br(e){return`<br>`}del({tokens:e}){return`<del>${this.parser.parseInline(e)}</del>`}link({href:e,title:t,text:n,tokens:r,autolink:i}){let a=i?X(n,!0):this.parser.parseInline(r),o=pa(e);if(o===null)return a;e=X(o,i);let s=`<a href="`+e+`"`;return t&&(s+=` title="`+X(t)+`"`),s+=`>`+a+`</a>`,s}image({href:e,title:t,text:n,tokens:r}){r&&(n=this.parser.parseInline(r,this.parser.textRenderer));let i=pa(e);if(i===null)return X(n);e=i;let a=`<img src="${X(e)}" alt="${X(n)}"`;return t&&(a+=` title="${X(t)}"`),a+=`>`,a}text(e){return`tokens`in e&&e.tokens?this.parser.parseInline(e.tokens):`escaped`in e&&e.escaped?e.text:X(e.text)}},Na=class{parser;strong({text:e,tokens:t}){return t?this.parser.parseInline(t,this):e}em({text:e,tokens:t}){return t?this.parser.parseInline(t,this):e}codespan({text:e}){return e}del({text:e,tokens:t}){return t?this.parser.parseInline(t,this):e}html({text:e}){return e}text({text:e}){return e}link({text:e,tokens:t}){return t?this.parser.parseInline(t,this):e}image({text:e,tokens:t}){return t?this.parser.parseInline(t,this):e}br(){return`
`}checkbox({raw:e}){return e}},Pa=class e{options;renderer;textRenderer;constructor(e){this.options=e||Hr,this.options.renderer=this.options.renderer||new Ma,this.renderer=this.options.renderer,this.renderer.options=this.options,this.renderer.parser=this,this.textRenderer=new Na,this.textRenderer.parser=this}static parse(t,n){return new e(n).parse(t)}static parseInline(t,n){return new e(n).parseInline(t)}parse(e){this.renderer.parser=this;let t=``;for(let n=0;n<e.length;n++){let r=e[n];if(this.options.extensions?.renderers?.[r.type]){let e=r,n=this.options.extensions.renderers[e.type].call({parser:this},e);if(n!==!1||![`space`,`hr`,`heading`,`code`,`table`,`blockquote`,`list`,`checkbox`,`html`,`def`,`paragraph`,`text`].includes(e.type)){t+=n===!1?``:n??``;continue}}let i=r;switch(i.type){case`space`:t+=this.renderer.space(i);break;case`hr`:t+=this.renderer.hr(i);break;case`heading`:t+=this.renderer.heading(i);break;case`code`:t+=this.renderer.code(i);break;case`table`:t+=this.renderer.table(i);break;case`blockquote`:t+=this.renderer.blockquote(i);break;case`list`:t+=this.renderer.list(i);break;case`checkbox`:t+=this.renderer.checkbox(i);break;case`html`:t+=this.renderer.html(i);break;case`def`:t+=this.renderer.def(i);break;case`paragraph`:t+=this.renderer.paragraph(i);break;case`text`:t+=this.renderer.text(i);break;default:{let e=`Token with "`+i.type+`" type was not found.`;if(this.options.silent)return console.error(e),``;throw Error(e)}}}return t}parseInline(e,t=this.renderer){this.renderer.parser=this;let n=``;for(let r=0;r<e.length;r++){let i=e[r];if(this.options.extensions?.renderers?.[i.type]){let e=this.options.extensions.renderers[i.type].call({parser:this},i);if(e!==!1||![`escape`,`html`,`link`,`image`,`checkbox`,`strong`,`em`,`codespan`,`br`,`del`,`text`].includes(i.type)){n+=e===!1?``:e??``;continue}}let a=i;switch(a.type){case`escape`:n+=t.text(a);break;case`html`:n+=t.html(a);break;case`link`:n+=t.link(a);break;case`image`:n+=t.image(a);break;case`checkbox`:n+=t.checkbox(a);break;case`strong`:n+=t.strong(a);break;case`em`:n+=t.em(a);break;case`codespan`:n+=t.codespan(a);break;case`br`:n+=t.br(a);break;case`del`:n+=t.del(a);break;case`text`:n+=t.text(a);break;default:{let e=`Token with "`+a.type+`" type was not found.`;if(this.options.silent)return console.error(e),``;throw Error(e)}}}return n}},Fa=class{options;block;constructor(e){this.options=e||Hr}static passThroughHooks=new Set([`preprocess`,`postprocess`,`processAllTokens`,`emStrongMask`]);static passThroughHooksRespectAsync=new Set([`preprocess`,`postprocess`,`processAllTokens`]);preprocess(e){return e}postprocess(e){return e}processAllTokens(e){return e}emStrongMask(e){return e}provideLexer(e=this.block){return e?ja.lex:ja.lexInline}provideParser(e=this.block){return e?Pa.parse:Pa.parseInline}};function Ia(e,t){if(Array.isArray(t))for(let n=0;n<t.length;n++)e.push(t[n]);else e.push(t)}var La=new class{defaults=Vr();options=this.setOptions;parse=this.parseMarkdown(!0);parseInline=this.parseMarkdown(!1);Parser=Pa;Renderer=Ma;TextRenderer=Na;Lexer=ja;Tokenizer=Aa;Hooks=Fa;constructor(...e){this.use(...e)}walkTokens(e,t){let n=[];for(let r of e)switch(Ia(n,t.call(this,r)),r.type){case`table`:{let e=r;for(let r of e.header)Ia(n,this.walkTokens(r.tokens,t));for(let r of e.rows)for(let e of r)Ia(n,this.walkTokens(e.tokens,t));break}case`list`:{let e=r;Ia(n,this.walkTokens(e.items,t));break}default:{let e=r;this.defaults.extensions?.childTokens?.[e.type]?this.defaults.extensions.childTokens[e.type].forEach(r=>{let i=e[r].flat(1/0);Ia(n,this.walkTokens(i,t))}):e.tokens&&Ia(n,this.walkTokens(e.tokens,t))}}return n}use(...e){let t=this.defaults.extensions||{renderers:Object.create(null),childTokens:Object.create(null)};return e.forEach(e=>{let n={...e};if(n.async=this.defaults.async||n.async||!1,e.extensions&&(e.extensions.forEach(e=>{if(!e.name)throw Error(`extension name required`);if(`renderer`in e){let n=t.renderers[e.name];n?t.renderers[e.name]=function(...t){let r=e.renderer.apply(this,t);return r===!1&&(r=n.apply(this,t)),r}:t.renderers[e.name]=e.renderer}if(`tokenizer`in e){if(!e.level||e.level!==`block`&&e.level!==`inline`)throw Error(`extension level must be 'block' or 'inline'`);let n=t[e.level];n?n.unshift(e.tokenizer):t[e.level]=[e.tokenizer],e.start&&(e.level===`block`?t.startBlock?t.startBlock.push(e.start):t.startBlock=[e.start]:e.level===`inline`&&(t.startInline?t.startInline.push(e.start):t.startInline=[e.start]))}`childTokens`in e&&e.childTokens&&(t.childTokens[e.name]=e.childTokens)}),n.extensions=t),e.renderer){let t=this.defaults.renderer||new Ma(this.defaults);for(let n in e.renderer){if(!(n in t))throw Error(`renderer '${n}' does not exist`);if([`options`,`parser`].includes(n))continue;let r=n,i=e.renderer[r],a=t[r];t[r]=(...e)=>{let n=i.apply(t,e);return n===!1&&(n=a.apply(t,e)),n===!1?``:n??``}}n.renderer=t}if(e.tokenizer){let t=this.defaults.tokenizer||new Aa(this.defaults);for(let n in e.tokenizer){if(!(n in t))throw Error(`tokenizer '${n}' does not exist`);if([`options`,`rules`,`lexer`].includes(n))continue;let r=n,i=e.tokenizer[r],a=t[r];t[r]=(...e)=>{let n=i.apply(t,e);return n===!1&&(n=a.apply(t,e)),n}}n.tokenizer=t}if(e.hooks){let t=this.defaults.hooks||new Fa;for(let n in e.hooks){if(!(n in t))throw Error(`hook '${n}' does not exist`);if([`options`,`block`].includes(n))continue;let r=n,i=e.hooks[r],a=t[r];t[r]=Fa.passThroughHooks.has(n)?e=>{if(t.options.async&&Fa.passThroughHooksRespectAsync.has(n))return(async()=>{let n=await i.call(t,e);return a.call(t,n)})();let r=i.call(t,e);return a.call(t,r)}:(...e)=>{if(t.options.async)return(async()=>{let n=await i.apply(t,e);return n===!1&&(n=await a.apply(t,e)),n})();let n=i.apply(t,e);return n===!1&&(n=a.apply(t,e)),n}}n.hooks=t}if(e.walkTokens){let t=this.defaults.walkTokens,r=e.walkTokens;n.walkTokens=function(e){let n=[];return Ia(n,r.call(this,e)),t&&Ia(n,t.call(this,e)),n}}this.defaults={...this.defaults,...n}}),this}setOptions(e){return this.defaults={...this.defaults,...e},this}lexer(e,t){return ja.lex(e,t??this.defaults)}parser(e,t){return Pa.parse(e,t??this.defaults)}parseMarkdown(e){return(t,n)=>{let r={...n},i={...this.defaults,...r},a=this.onError(!!i.silent,!!i.async);if(this.defaults.async===!0&&r.async===!1)return a(Error(`marked(): The async option was set to true by an extension. Remove async: false from the parse options object to return a Promise.`));if(typeof t>`u`||t===null)return a(Error(`marked(): input parameter is undefined or null`));if(typeof t!=`string`)return a(Error(`marked(): input parameter is of type `+Object.prototype.toString.call(t)+`, string expected`));if(i.hooks&&(i.hooks.options=i,i.hooks.block=e),i.async)return(async()=>{let n=i.hooks?await i.hooks.preprocess(t):t,r=await(i.hooks?await i.hooks.provideLexer(e):e?ja.lex:ja.lexInline)(n,i),a=i.hooks?await i.hooks.processAllTokens(r):r;i.walkTokens&&await Promise.all(this.walkTokens(a,i.walkTokens));let o=await(i.hooks?await i.hooks.provideParser(e):e?Pa.parse:Pa.parseInline)(a,i);return i.hooks?await i.hooks.postprocess(o):o})().catch(a);try{i.hooks&&(t=i.hooks.preprocess(t));let n=(i.hooks?i.hooks.provideLexer(e):e?ja.lex:ja.lexInline)(t,i);i.hooks&&(n=i.hooks.processAllTokens(n)),i.walkTokens&&this.walkTokens(n,i.walkTokens);let r=(i.hooks?i.hooks.provideParser(e):e?Pa.parse:Pa.parseInline)(n,i);return i.hooks&&(r=i.hooks.postprocess(r)),r}catch(e){return a(e)}}}onError(e,t){return n=>{if(n.message+=`
Please report this to https://github.com/markedjs/marked.`,e){let e=`<p>An error occurred:</p><pre>`+X(n.message+``,!0)+`</pre>`;return t?Promise.resolve(e):e}if(t)return Promise.reject(n);throw n}}};function Z(e,t){return La.parse(e,t)}Z.options=Z.setOptions=function(e){return La.setOptions(e),Z.defaults=La.defaults,Ur(Z.defaults),Z},Z.getDefaults=Vr,Z.defaults=Hr;function Ra(...e){return La.use(...e),Z.defaults=La.defaults,Ur(Z.defaults),Z}Z.use=Ra,Z.walkTokens=function(e,t){return La.walkTokens(e,t)},Z.parseInline=La.parseInline,Z.Parser=Pa,Z.parser=Pa.parse,Z.Renderer=Ma,Z.TextRenderer=Na,Z.Lexer=ja,Z.lexer=ja.lex,Z.Tokenizer=Aa,Z.Hooks=Fa,Z.parse=Z,Z.options,Z.setOptions,Z.walkTokens,Z.parseInline,Pa.parse,ja.lex;var za=`a blockquote br code del em h1 h2 h3 h4 h5 h6 hr li ol p pre strong table tbody td th thead tr ul`.split(` `),Ba=[`href`,`start`],Va=3,Ha=Br(window);Ha.addHook(`afterSanitizeAttributes`,e=>{e.nodeName===`A`&&(e.setAttribute(`target`,`_blank`),e.setAttribute(`rel`,`noopener noreferrer nofollow`))});function Ua(e){let t=Z.parse(e,{async:!1,gfm:!0}),n=Ha.sanitize(t,{ALLOWED_TAGS:za,ALLOWED_ATTR:Ba,ALLOWED_URI_REGEXP:/^(?:https?|mailto):/i,ALLOW_DATA_ATTR:!1,ALLOW_ARIA_ATTR:!1,RETURN_DOM_FRAGMENT:!0});return Wa(n),n}function Wa(e){let t=[...e.querySelectorAll(`h1, h2, h3, h4, h5, h6`)],n=[...new Set(t.map(e=>e.nodeName))].sort();for(let e of t){let t=Math.min(6,Va+n.indexOf(e.nodeName)),r=document.createElement(`h${t}`);r.append(...e.childNodes),e.replaceWith(r)}}var Ga=10,Ka=class extends T{static{this.styles=[A,u`
      .columns {
        display: grid;
        gap: 16px;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 380px), 1fr));
        align-items: start;
      }
      .back {
        width: fit-content;
        display: inline-flex;
        gap: 6px;
        align-items: center;
        text-decoration: none;
        min-height: 32px;
      }
      dl {
        display: grid;
        gap: 14px;
      }
      dt {
        font-size: 0.875rem;
        color: var(--muted);
      }
      dd {
        overflow-wrap: anywhere;
      }
      .mono {
        font: 0.8125rem/1.5 "Roboto Mono", ui-monospace, monospace;
      }
      .notes :first-child {
        margin-top: 0;
      }
      .notes :is(p, ul, ol, pre, blockquote, table) {
        margin: 0 0 12px;
      }
      .notes :is(ul, ol) {
        padding-left: 24px;
        list-style: revert;
      }
      .notes :is(h3, h4, h5, h6) {
        font-size: 1rem;
        font-weight: 500;
        margin: 16px 0 8px;
      }
      .notes pre,
      .notes code {
        background: var(--field);
        border-radius: 6px;
        font: 0.875rem/1.5 "Roboto Mono", ui-monospace, monospace;
      }
      .notes code {
        padding: 1px 5px;
      }
      .notes pre {
        padding: 12px;
        overflow-x: auto;
      }
      .notes {
        overflow-wrap: anywhere;
        overflow-x: auto;
      }
      .notes td,
      .notes th {
        border: 1px solid var(--line);
        padding: 4px 10px;
      }
      .notes table {
        border-collapse: collapse;
      }
      .list > li + li {
        border-top: 1px solid var(--line);
        margin-top: 14px;
        padding-top: 14px;
      }
      .end {
        justify-content: flex-end;
      }
      .gone {
        text-align: center;
        padding: 48px 16px;
      }
      .gone svg.icon {
        width: 48px;
        height: 48px;
        margin: 0 auto 12px;
        color: var(--muted);
      }
    `]}constructor(){super(),this.packageId=``,this.header=null,this.draft=null,this.error=``,this.busy=!1,new L(this,R)}willUpdate(e){e.has(`packageId`)&&this.#a(this.packageId)}render(){let e=R.packages.get(this.packageId),t=b`<a class="back" href=${$t(`packages`)}>${k(`M20,11V13H8L13.5,18.5L12.08,19.92L4.16,12L12.08,4.08L13.5,5.5L8,11H20Z`)} ${j(`packages.title`)}</a>`;return e===void 0||e.remove_at!==null?R.connection===`open`?b`<div class="stack">
        ${t}
        <div class="card gone">
          ${k(`M13 15.6C13.3 15.8 13.7 15.8 14 15.6L19 12.7V13C19.7 13 20.4 13.1 21 13.4V11.6L22 11C22.5 10.7 22.6 10.1 22.4 9.6L20.9 7.1C20.8 6.9 20.7 6.7 20.5 6.6L12.6 2.2C12.4 2.1 12.2 2 12 2S11.6 2.1 11.4 2.2L3.6 6.6C3.4 6.7 3.2 6.8 3.1 7L1.6 9.6C1.3 10.1 1.5 10.7 2 11C2.3 11.2 2.7 11.2 3 11V16.5C3 16.9 3.2 17.2 3.5 17.4L11.4 21.8C11.6 21.9 11.8 22 12 22S12.4 21.9 12.6 21.8L13.5 21.3C13.2 20.7 13.1 20 13 19.3M11 19.3L5 15.9V9.2L11 12.6V19.3M20.1 9.7L13.8 13.3L13.2 12.3L19.5 8.7L20.1 9.7M12 10.8V4.2L18 7.5L12 10.8M22.5 16.9L20.4 19L22.5 21.1L21.1 22.5L19 20.4L16.9 22.5L15.5 21.1L17.6 19L15.5 16.9L16.9 15.5L19 17.6L21.1 15.5L22.5 16.9Z`)}
          <h1 tabindex="-1">${j(`package.gone`)}</h1>
        </div>
      </div>`:x:b`<div class="stack">
      ${t}
      <div class="row">
        <h1 class="grow" tabindex="-1"><bdi>${e.model}</bdi> <bdi>${e.version}</bdi></h1>
        ${sn(e)}
      </div>
      ${this.draft?x:this.#e(e)} ${this.error?I(this.error):x}
      ${this.draft?this.#t(e,this.draft):x}
      <div class="columns">
        <div class="stack">
          ${this.#n(e)} ${this.#r(e)}
          <ota-installations-card .pack=${e}></ota-installations-card>
        </div>
        ${this.#i(e)}
      </div>
    </div>`}#e(e){return b`<div class="row">
      <button ?disabled=${this.busy} @click=${()=>this.#o(e)}>
        ${k(`M14.06,9L15,9.94L5.92,19H5V18.08L14.06,9M17.66,3C17.41,3 17.15,3.1 16.96,3.29L15.13,5.12L18.88,8.87L20.71,7.04C21.1,6.65 21.1,6 20.71,5.63L18.37,3.29C18.17,3.09 17.92,3 17.66,3M14.06,6.19L3,17.25V21H6.75L17.81,9.94L14.06,6.19Z`)} ${j(`package.edit`)}
      </button>
      <button ?disabled=${this.busy} @click=${()=>this.#c(e,{withdrawn:!e.withdrawn})}>
        ${e.withdrawn?k(`M12,20C7.59,20 4,16.41 4,12C4,7.59 7.59,4 12,4C16.41,4 20,7.59 20,12C20,16.41 16.41,20 12,20M12,2A10,10 0 0,0 2,12A10,10 0 0,0 12,22A10,10 0 0,0 22,12A10,10 0 0,0 12,2M10,16.5L16,12L10,7.5V16.5Z`):k(`M13,16V8H15V16H13M9,16V8H11V16H9M12,2A10,10 0 0,1 22,12A10,10 0 0,1 12,22A10,10 0 0,1 2,12A10,10 0 0,1 12,2M12,4A8,8 0 0,0 4,12A8,8 0 0,0 12,20A8,8 0 0,0 20,12A8,8 0 0,0 12,4Z`)}
        ${j(e.withdrawn?`package.restore`:`package.withdraw`)}
      </button>
      <button class="danger" ?disabled=${this.busy} @click=${()=>this.#l(e)}>
        ${k(`M6,19A2,2 0 0,0 8,21H16A2,2 0 0,0 18,19V7H6V19M8,9H16V19H8V9M15.5,4L14.5,3H9.5L8.5,4H5V6H19V4H15.5Z`)} ${j(`package.delete`)}
      </button>
    </div>`}#t(e,t){return b`<form class="card stack" aria-label=${j(`package.edit`)} @submit=${t=>this.#s(t,e)}>
      <ota-facts-form
        fixed
        open
        .facts=${t}
        @facts=${e=>this.draft={...t,...e.detail}}
      ></ota-facts-form>
      <div class="row end">
        <button type="button" class="plain" @click=${()=>this.draft=null}>${j(`package.cancel`)}</button>
        <button type="submit" class="primary" ?disabled=${this.busy}>${j(`package.save`)}</button>
      </div>
    </form>`}#n(e){return b`<section class="card stack">
      <h2>${j(`fields.release_notes`)}</h2>
      ${e.release_notes?b`<div class="notes">${on([e.release_notes],()=>Ua(e.release_notes??``))}</div>`:b`<p class="muted">${j(`package.no_notes`)}</p>`}
    </section>`}#r(e){let t=R.transfersOf(e.id).sort(nn);return b`<section class="card stack">
      <h2>${j(`downloads.title`)}</h2>
      ${t.length===0?b`<p class="muted">${j(`package.no_downloads`)}</p>`:b`<ul class="list">
            ${Zt(t,e=>e.grant_id,e=>b`<li><ota-transfer-row .transfer=${e}></ota-transfer-row></li>`)}
          </ul>`}
    </section>`}#i(e){let{header:t}=this,n=e.source_versions.length===0?j(`package.any_version`):e.source_versions.join(`, `);return b`<section class="card stack">
      <h2>${j(`package.details`)}</h2>
      <dl>
        ${Q(j(`fields.kind`),j(`kinds.${e.kind}`))} ${Q(j(`fields.source_versions`),n)}
        ${Q(j(`fields.size`),j(`package.size`,{size:St(e.size),bytes:F(e.size)}))}
        ${Q(j(`fields.file_name`),e.file_name)} ${Q(j(`fields.created_at`),Tt(e.created_at))}
        ${Q(j(`fields.chip`),t?.chip)}
        ${Q(j(`fields.format`),t&&t.format!==`unknown`?j(`formats.${t.format}`):null)}
        ${Q(j(`fields.project`),[t?.name,t?.version].filter(Boolean).join(` `))}
        ${Q(j(`fields.framework`),t?.framework)} ${Q(j(`fields.built`),t?.built)}
        ${Q(j(`fields.secure_version`),t?.secure_version?F(t.secure_version):null)}
        ${Q(j(`fields.custom_info`),e.custom_info)}
        ${Q(`SHA-256`,e.sha256,`mono`)} ${Q(`MD5`,e.md5,`mono`)}
      </dl>
    </section>`}async#a(e){this.header=null,this.draft=null,this.error=``;let t=await R.api.packageHeader(e).catch(()=>null);this.packageId===e&&(this.header=t)}#o(e){let{kind:t,model:n,version:r,source_versions:i,release_notes:a,custom_info:o}=e;this.draft={kind:t,model:n,version:r,source_versions:i,release_notes:a,custom_info:o}}async#s(e,t){if(e.preventDefault(),this.draft===null)return;let{kind:n,...r}=this.draft;await this.#c(t,r)&&(this.draft=null)}async#c(e,t){return this.#u(async()=>R.note(await R.api.change(e.id,t)))}async#l(e){await this.#u(async()=>R.note(await R.api.removeLater(e.id,Ga)))&&(location.hash=$t(`packages`))}async#u(e){this.busy=!0,this.error=``;try{return await e(),!0}catch(e){return this.error=vt(e),!1}finally{this.busy=!1}}};N([D()],Ka.prototype,`packageId`,void 0),N([O()],Ka.prototype,`header`,void 0),N([O()],Ka.prototype,`draft`,void 0),N([O()],Ka.prototype,`error`,void 0),N([O()],Ka.prototype,`busy`,void 0),Ka=N([E(`ota-package-view`)],Ka);function Q(e,t,n=``){return t?b`<div><dt>${e}</dt><dd class=${n}><bdi>${t}</bdi></dd></div>`:x}var qa=3,Ja=/^(?<name>.+?)[-_ ]v?(?<version>\d+(?:\.\d+)+[\w.+-]*?)(?:\.(?:bin|uf2|ota|zip|gz|tar|img|hex|elf|signed))*$/i,Ya=class{constructor(e){this.file=e,this.id=crypto.getRandomValues(new Uint32Array(1))[0]??0,this.rates=new Pt,this.stage=`reading`,this.header=null,this.sent=0,this.error=``,this.conflict=``,this.result=null,this.cancelled=new AbortController;let t=Ja.exec(e.name)?.groups;this.facts={kind:`firmware`,model:t?.name??``,version:t?.version??``,source_versions:[],release_notes:null,custom_info:null}}get ready(){return this.facts.model.trim()!==``&&this.facts.version.trim()!==``&&this.file.size>0&&this.conflict===``&&(this.stage===`draft`||this.stage===`failed`)}get rate(){return this.rates.of(``)}},Xa=class extends EventTarget{constructor(...e){super(...e),this.items=[]}add(e){for(let t of e){let e=new Ya(t);this.items.push(e),this.#e(e)}this.#i()}async edit(e,t){Object.assign(e.facts,t),e.error=``,this.#i(),(t.model!==void 0||t.kind!==void 0)&&await this.#t(e)}ready(){return this.items.filter(e=>e.ready)}start(e){e.ready&&(e.cancelled=new AbortController,e.stage=`waiting`,e.error=``,this.#i(),this.#n())}remove(e){e.cancelled.abort();let t=this.items.indexOf(e);t>=0&&this.items.splice(t,1),this.#i(),this.#n()}async#e(e){try{e.header=await R.api.fileHeader(e.file),e.facts.model=e.header.name??e.facts.model,e.facts.version=e.header.version??e.facts.version}catch(t){e.error=vt(t)}e.stage=`draft`,await this.#t(e)}async#t(e){let{kind:t,model:n}=e.facts,r=Za(e.file)||await Qa(e.facts,e.header?.chip);e.facts.kind===t&&e.facts.model===n&&(e.conflict=r,this.#i())}#n(){let e=this.items.filter(e=>e.stage===`sending`||e.stage===`storing`).length,t=this.items.filter(e=>e.stage===`waiting`);for(let n of t.slice(0,qa-e))this.#r(n)}async#r(e){e.stage=`sending`,e.sent=0,e.rates.forget(``),e.rates.note(``,0);let t=t=>{e.sent=t,e.rates.note(``,t),t>=e.file.size&&(e.stage=`storing`),this.#i()};try{e.result=await R.api.upload(e.file,e.facts,t,e.cancelled.signal),e.stage=`done`,R.note(e.result)}catch(t){e.stage=`failed`,e.error=vt(t),t instanceof st&&t.kind===`wrong-chip`&&await this.#t(e)}this.#i(),this.#n()}#i(){this.dispatchEvent(new CustomEvent(`changed`))}};function Za(e){let{info:t}=R;return t===null?``:e.size>t.max_package_size?j(`problems.too_large`):e.size>t.storage.free?j(`problems.storage_full`):``}async function Qa({kind:e,model:t},n){if(!n)return``;let r=R.visible().reverse().filter(n=>n.kind===e&&n.model===t&&!n.withdrawn);for(let e of r){let r=(await R.api.packageHeader(e.id).catch(()=>null))?.chip;if(r)return r===n?``:j(`upload.wrong_chip`,{chip:n,known:r,model:t,version:e.version})}return``}var $=new Xa,$a=class extends T{static{this.styles=[A,u`
      .card {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 14px;
      }
      .head {
        display: flex;
        gap: 12px;
        align-items: center;
      }
      .end {
        justify-content: flex-end;
      }
      .numbers {
        font-variant-numeric: tabular-nums;
      }
    `]}constructor(){super(),new L(this,$)}render(){let{upload:e}=this,t=e.stage===`draft`||e.stage===`failed`;return b`<article class="card" aria-label=${e.file.name}>
      <div class="head">
        ${k(e.stage===`done`?`M12 2C6.5 2 2 6.5 2 12S6.5 22 12 22 22 17.5 22 12 17.5 2 12 2M12 20C7.59 20 4 16.41 4 12S7.59 4 12 4 20 7.59 20 12 16.41 20 12 20M16.59 7.58L10 14.17L7.41 11.59L6 13L10 17L18 9L16.59 7.58Z`:`M14,2H6A2,2 0 0,0 4,4V20A2,2 0 0,0 6,22H18A2,2 0 0,0 20,20V8L14,2M18,20H6V4H13V9H18V20Z`)}
        <div class="grow">
          <div class="text"><bdi>${e.file.name}</bdi></div>
          <div class="small muted text">${this.#e()}</div>
        </div>
        <button
          class="round"
          aria-label=${j(e.stage===`done`?`upload.dismiss`:`upload.cancel`,{name:e.file.name})}
          @click=${()=>$.remove(e)}
        >
          ${k(`M19,6.41L17.59,5L12,10.59L6.41,5L5,6.41L10.59,12L5,17.59L6.41,19L12,13.41L17.59,19L19,17.59L13.41,12L19,6.41Z`)}
        </button>
      </div>
      ${this.#t()} ${t?this.#n():this.#r()}
    </article>`}#e(){let{file:e,header:t}=this.upload,n=[St(e.size)];return t&&t.format!==`unknown`&&n.push(j(`formats.${t.format}`)),t?.chip&&n.push(t.chip),t?.framework&&n.push(j(`header.framework`,{version:t.framework})),t?.built&&n.push(j(`header.built`,{when:t.built})),t?.secure_version&&n.push(j(`header.secure_version`,{version:t.secure_version})),n.join(` · `)}#t(){let{upload:e}=this;return e.file.size===0?I(j(`upload.empty`)):e.conflict?I(e.conflict):e.error?I(e.error):e.header?.format===`esp_factory`?I(j(`upload.factory`),`warning`):``}#n(){let{upload:e}=this;return b`
      <ota-facts-form
        .facts=${e.facts}
        @facts=${t=>$.edit(e,t.detail)}
      ></ota-facts-form>
      <div class="row end">
        <button
          class="primary"
          ?disabled=${!e.ready}
          @click=${()=>$.start(e)}
        >
          ${k(r)} ${j(e.stage===`failed`?`upload.again`:`upload.start`)}
        </button>
      </div>
    `}#r(){let{upload:e}=this,t=`${e.facts.model} ${e.facts.version}`;return e.stage===`done`?b`<p role="status">
        ${j(`upload.done`)} <a class="text" href=${$t(`package`,e.result?.id)}><bdi>${t}</bdi></a>
      </p>`:e.stage===`reading`||e.stage===`waiting`?b`<p class="muted">${j(`upload.${e.stage}`)}</p>`:b`<div>
      <progress max=${e.file.size} .value=${e.sent} aria-label=${j(`upload.progress`,{name:t})}></progress>
      <p class="small muted numbers">${e.stage===`storing`?j(`upload.storing`):this.#i()}</p>
    </div>`}#i(){let{file:e,sent:t,rate:n}=this.upload,r=[wt(t/e.size)];return n>0&&r.push(Ct(n),j(`upload.left`,{time:Dt((e.size-t)/n)})),r.join(` · `)}};N([D({attribute:!1})],$a.prototype,`upload`,void 0),$a=N([E(`ota-upload-card`)],$a);var eo=[`newest`,`model`,`size`,`downloads`],to=class extends T{static{this.styles=[A,u`
      .tools {
        display: flex;
        gap: 12px;
        flex-wrap: wrap;
      }
      .search {
        position: relative;
        flex: 1 1 220px;
      }
      .search svg.icon {
        position: absolute;
        left: 12px;
        top: 9px;
        color: var(--muted);
        pointer-events: none;
      }
      .search input {
        padding-left: 44px;
      }
      .order {
        flex: 0 1 200px;
      }
      .end {
        justify-content: flex-end;
      }
      ul.card {
        padding: 8px;
      }
      li > a {
        display: flex;
        gap: 16px;
        align-items: center;
        padding: 12px;
        border-radius: 10px;
        color: inherit;
        text-decoration: none;
      }
      li > a:hover {
        background: var(--field);
      }
      li + li {
        border-top: 1px solid var(--line);
      }
      .kind {
        display: grid;
        place-items: center;
        width: 42px;
        height: 42px;
        border-radius: 50%;
        background: var(--primary-soft);
        color: var(--link);
        flex: none;
      }
      .off .kind {
        background: var(--field);
        color: var(--muted);
      }
      .name {
        font-weight: 500;
      }
      .version {
        color: var(--muted);
        font-weight: 400;
      }
      .marks {
        display: flex;
        gap: 6px;
        flex-wrap: wrap;
        justify-content: flex-end;
      }
      .empty {
        text-align: center;
        padding: 48px 16px;
        border-style: dashed;
        border-width: 2px;
        box-shadow: none;
      }
      .empty svg.icon {
        width: 56px;
        height: 56px;
        margin: 0 auto 12px;
        color: var(--link);
      }
      .empty button {
        margin-top: 20px;
      }
      .empty button svg.icon {
        width: 20px;
        height: 20px;
        margin: 0;
        color: inherit;
      }
      @media (max-width: 600px) {
        li > a {
          flex-wrap: wrap;
          gap: 4px 12px;
        }
        li .grow {
          flex-basis: calc(100% - 54px);
        }
        .marks {
          margin-left: 54px;
        }
        .marks:empty {
          display: none;
        }
        .order {
          flex-basis: 100%;
        }
      }
    `]}constructor(){super(),this.wanted=``,this.order=`newest`,new L(this,R),new L(this,$)}render(){let e=R.visible(),t=io(e.filter(e=>ro(e,this.wanted)),this.order);return b`<div class="stack">
      <div class="row">
        <h1 class="grow" tabindex="-1">${j(`packages.title`)}</h1>
        <button class="primary" @click=${()=>this.chooser.click()}>${k(r)} ${j(`upload.choose`)}</button>
        <input type="file" multiple hidden aria-label=${j(`upload.choose`)} @change=${this.#i} />
      </div>
      ${Zt($.items,e=>e.id,e=>b`<ota-upload-card .upload=${e}></ota-upload-card>`)}
      ${this.#e()} ${e.length===0?this.#t():b`${this.#n()} ${this.#r(t)}`}
    </div>`}#e(){let e=$.ready();return e.length<2?b``:b`<div class="row end">
      <button class="primary" @click=${()=>e.forEach(e=>$.start(e))}>
        ${k(r)} ${j(`upload.all`,{count:F(e.length)})}
      </button>
    </div>`}#t(){return R.connection!==`open`||$.items.length>0?b``:b`<div class="card empty">
      ${k(t)}
      <h2>${j(`packages.none`)}</h2>
      <p class="muted">${j(`packages.none_help`)}</p>
      <button @click=${()=>this.chooser.click()}>${k(r)} ${j(`upload.choose`)}</button>
    </div>`}#n(){return b`<div class="tools">
      <div class="search">
        ${k(`M9.5,3A6.5,6.5 0 0,1 16,9.5C16,11.11 15.41,12.59 14.44,13.73L14.71,14H15.5L20.5,19L19,20.5L14,15.5V14.71L13.73,14.44C12.59,15.41 11.11,16 9.5,16A6.5,6.5 0 0,1 3,9.5A6.5,6.5 0 0,1 9.5,3M9.5,5C7,5 5,7 5,9.5C5,12 7,14 9.5,14C12,14 14,12 14,9.5C14,7 12,5 9.5,5Z`)}
        <input
          type="search"
          aria-label=${j(`packages.search`)}
          placeholder=${j(`packages.search`)}
          .value=${this.wanted}
          @input=${e=>this.wanted=e.target.value}
        />
      </div>
      <select
        class="order"
        aria-label=${j(`packages.order`)}
        @change=${e=>this.order=e.target.value}
      >
        ${eo.map(e=>b`<option value=${e} ?selected=${e===this.order}>${j(`orders.${e}`)}</option>`)}
      </select>
    </div>`}#r(e){return b`
      <p class="visually-hidden" role="status">
        ${this.wanted?j(`packages.found`,{count:F(e.length)}):``}
      </p>
      ${e.length===0?b`<p class="card muted">${j(`packages.not_found`)}</p>`:b`<ul class="card" aria-label=${j(`packages.title`)}>
            ${Zt(e,e=>e.id,e=>b`<li class=${e.withdrawn?`off`:``}>${no(e)}</li>`)}
          </ul>`}
    `}#i(){$.add([...this.chooser.files??[]]),this.chooser.value=``}};N([O()],to.prototype,`wanted`,void 0),N([O()],to.prototype,`order`,void 0),N([Xe(`input[type=file]`)],to.prototype,`chooser`,void 0),to=N([E(`ota-packages-view`)],to);function no(e){return b`<a href=${$t(`package`,e.id)}>
    <span class="kind">${cn(e)}</span>
    <span class="grow text">
      <span class="name"><bdi>${e.model}</bdi> <bdi class="version">${e.version}</bdi></span><br />
      <span class="small muted"
        >${j(`kinds.${e.kind}`)} · ${St(e.size)} · ${Et(e.created_at)}</span
      >
    </span>
    <span class="marks">${sn(e)}</span>
  </a>`}function ro(e,t){let n=[e.model,e.version,e.file_name,e.release_notes??``,e.sha256].join(`
`);return t.toLocaleLowerCase().split(/\s+/).every(e=>n.toLocaleLowerCase().includes(e))}function io(e,t){let n=new Intl.Collator(M(),{numeric:!0,sensitivity:`base`}),r=(e,t)=>t.created_at.localeCompare(e.created_at),i=e=>R.transfersOf(e.id).filter(e=>e.active).length,a={newest:r,model:(e,t)=>n.compare(e.model,t.model)||n.compare(t.version,e.version),size:(e,t)=>t.size-e.size,downloads:(e,t)=>i(t)-i(e)};return e.reverse().sort((e,n)=>a[t](e,n)||r(e,n))}var ao=class extends T{static{this.styles=[A,u`
      :host {
        position: fixed;
        left: 16px;
        right: 16px;
        bottom: calc(16px + env(safe-area-inset-bottom));
        z-index: 3;
        pointer-events: none;
      }
      ul {
        display: grid;
        gap: 8px;
        justify-items: center;
      }
      li {
        pointer-events: auto;
        display: flex;
        gap: 16px;
        align-items: center;
        max-width: 100%;
        padding: 8px 8px 8px 20px;
        border-radius: var(--radius);
        background: #2f3337;
        color: #ffffff;
        box-shadow: 0 6px 24px rgb(0 0 0 / 30%);
      }
      button {
        border-color: transparent;
        color: #7fd6f5;
      }
      button:hover:not(:disabled) {
        background: #43484d;
      }
    `]}constructor(){super(),this.error=``,new L(this,R)}render(){return b`<div role="status">
      <ul>
        ${Zt([...R.packages.values()].filter(e=>e.remove_at!==null),e=>e.id,e=>b`<li>
            <span class="text">${this.error||j(`undo.deleted`,{name:`${e.model} ${e.version}`})}</span>
            <button @click=${()=>this.#e(e)}>${k(`M13.5,7A6.5,6.5 0 0,1 20,13.5A6.5,6.5 0 0,1 13.5,20H10V18H13.5C16,18 18,16 18,13.5C18,11 16,9 13.5,9H7.83L10.91,12.09L9.5,13.5L4,8L9.5,2.5L10.92,3.91L7.83,7H13.5M6,18H8V20H6V18Z`)} ${j(`undo.undo`)}</button>
          </li>`)}
      </ul>
    </div>`}async#e(e){try{R.note(await R.api.change(e.id,{remove_at:null})),this.error=``}catch(e){this.error=vt(e)}}};N([O()],ao.prototype,`error`,void 0),ao=N([E(`ota-undo-bar`)],ao);var oo=[[`packages`,t],[`downloads`,e],[`depot`,n]],so=class extends T{static{this.styles=[A,u`
      header {
        position: sticky;
        top: 0;
        z-index: 2;
        background: var(--surface);
        border-bottom: 1px solid var(--line);
      }
      .bar {
        display: flex;
        align-items: center;
        gap: 12px;
        max-width: 1120px;
        margin: 0 auto;
        padding: 0 20px;
        min-height: 60px;
      }
      .brand {
        display: flex;
        align-items: center;
        gap: 12px;
        font-size: 1.25rem;
        margin-right: auto;
        white-space: nowrap;
      }
      .brand img {
        width: 32px;
        height: 32px;
        display: block;
      }
      nav {
        display: flex;
        align-self: stretch;
      }
      nav a {
        display: flex;
        align-items: center;
        gap: 8px;
        padding: 0 14px;
        color: var(--muted);
        text-decoration: none;
        font-weight: 500;
        border-bottom: 3px solid transparent;
        border-top: 3px solid transparent;
      }
      nav a:hover {
        color: var(--text);
      }
      nav a[aria-current] {
        color: var(--link);
        border-bottom-color: var(--link);
      }
      nav svg.icon {
        width: 20px;
        height: 20px;
      }
      nav a:focus-visible {
        outline-offset: -4px;
      }
      main {
        max-width: 1120px;
        margin: 0 auto;
        padding: 24px 20px 112px;
      }
      main:focus {
        outline: none;
      }
      .lost {
        text-align: center;
        padding: 6px 16px;
        background: var(--warning-soft);
        color: var(--warning-text);
        font-size: 0.875rem;
      }
      .drop {
        position: fixed;
        inset: 12px;
        z-index: 4;
        border: 3px dashed var(--link);
        border-radius: 20px;
        background: color-mix(in srgb, var(--surface) 88%, transparent);
        color: var(--link);
        display: grid;
        place-content: center;
        justify-items: center;
        gap: 12px;
        font-size: 1.25rem;
        pointer-events: none;
      }
      .drop svg.icon {
        width: 64px;
        height: 64px;
      }
      .skip {
        position: absolute;
        left: 12px;
        top: -100px;
        z-index: 5;
        background: var(--surface);
      }
      .skip:focus {
        top: 12px;
      }
      @media (max-width: 600px) {
        .bar {
          flex-wrap: wrap;
          gap: 0;
          padding: 0;
        }
        .brand {
          padding: 10px 16px 2px;
          font-size: 1.125rem;
        }
        .brand img {
          width: 26px;
          height: 26px;
        }
        nav {
          width: 100%;
        }
        nav a {
          flex: 1;
          justify-content: center;
          min-height: 46px;
          padding: 0 4px;
          font-size: 0.875rem;
          gap: 6px;
        }
        main {
          padding: 16px 12px 112px;
        }
      }
    `]}constructor(){super(),this.route=Qt(),this.dropping=!1,this.#n=async()=>{this.route=Qt(),await this.updateComplete,scrollTo({top:0});let e=this.renderRoot.querySelector(`main > *`);await e?.updateComplete,e?.renderRoot.querySelector(`h1`)?.focus()},this.#i=e=>{e.dataTransfer?.types.includes(`Files`)&&R.connection!==`locked`&&(e.preventDefault(),this.dropping=!0)},this.#a=e=>{e.relatedTarget===null&&(this.dropping=!1)},this.#o=e=>{this.dropping&&(e.preventDefault(),this.dropping=!1,$.add([...e.dataTransfer?.files??[]]),location.hash=$t(`packages`))},new L(this,R)}connectedCallback(){super.connectedCallback(),addEventListener(`hashchange`,this.#n),addEventListener(`beforeunload`,co),addEventListener(`dragover`,this.#i),addEventListener(`dragleave`,this.#a),addEventListener(`drop`,this.#o)}disconnectedCallback(){super.disconnectedCallback(),removeEventListener(`hashchange`,this.#n),removeEventListener(`beforeunload`,co),removeEventListener(`dragover`,this.#i),removeEventListener(`dragleave`,this.#a),removeEventListener(`drop`,this.#o)}render(){let e=R.connection===`locked`;return b`
      <header>
        <button class="skip" @click=${this.#r}>${j(`page.skip`)}</button>
        <div class="bar">
          <div class="brand"><img src=${Ze} alt="" /> MQTT OTA</div>
          ${e?x:this.#e()}
        </div>
        <div role="status">
          ${R.connection===`lost`?b`<p class="lost">${j(`page.lost`)}</p>`:x}
        </div>
      </header>
      <main tabindex="-1">${e?b`<ota-key-prompt></ota-key-prompt>`:this.#t()}</main>
      ${e?x:b`<ota-undo-bar></ota-undo-bar>`}
      ${this.dropping?b`<div class="drop">${k(`M2 12H4V17H20V12H22V17C22 18.11 21.11 19 20 19H4C2.9 19 2 18.11 2 17V12M12 15L17.55 9.54L16.13 8.13L13 11.25V2H11V11.25L7.88 8.13L6.46 9.55L12 15Z`)} ${j(`upload.drop`)}</div>`:x}
    `}#e(){let e=this.route.view===`package`?`packages`:this.route.view,t=R.active().length;return b`<nav aria-label=${j(`page.sections`)}>
      ${oo.map(([n,r])=>b`<a href=${$t(n)} aria-current=${e===n?`page`:x}>
          ${k(r)} ${j(`${n}.title`)}
          ${n===`downloads`&&t>0?b`<span class="badge">${t}</span>`:x}
        </a>`)}
    </nav>`}#t(){switch(this.route.view){case`package`:return b`<ota-package-view .packageId=${this.route.id}></ota-package-view>`;case`downloads`:return b`<ota-downloads-view></ota-downloads-view>`;case`depot`:return b`<ota-depot-view></ota-depot-view>`;default:return b`<ota-packages-view></ota-packages-view>`}}#n;#r(){this.renderRoot.querySelector(`main`)?.focus()}#i;#a;#o};N([O()],so.prototype,`route`,void 0),N([O()],so.prototype,`dropping`,void 0),so=N([E(`ota-page`)],so);function co(e){$.items.some(e=>e.stage===`sending`||e.stage===`waiting`)&&e.preventDefault()}await rt(),document.title=j(`page.title`),R.connect();