// Draws its content again only when something in it changed (see island.py).
export default {
  inheritAttrs: false,
  props: { tag: { type: String, default: "div" } },
  setup(props, { attrs, slots }) {
    const elements = Vue.getCurrentInstance().root.proxy.elements;
    const id = attrs.id.slice(1);
    // Computed, so that it depends on this element and those inside; the page around does not depend on them.
    const content = Vue.computed(() => elements[id] && slots.default());
    let drawn = null;
    return () => {
      const children = content.value;
      if (drawn?.children !== children) {
        const vnode = Vue.h(props.tag, attrs, children);
        vnode.memo = []; // what v-memo does: the same vnode again is left alone
        drawn = { children, vnode };
      }
      return drawn.vnode;
    };
  },
};
